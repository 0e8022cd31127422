"""Django's class-based views: how a request reaches a method, and what the generic ones load."""

from __future__ import annotations

from counterseal.audit.libraries.model import Library

_BASE = """
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render

class View:
    http_method_names = ["get", "post", "put", "patch", "delete", "head", "options", "trace"]

    @classmethod
    def as_view(cls, **initkwargs):
        def view(request, *args, **kwargs):
            self = cls(**initkwargs)
            self.setup(request, *args, **kwargs)
            return self.dispatch(request, *args, **kwargs)
        view.view_class = cls
        view.view_initkwargs = initkwargs
        return view

    def setup(self, request, *args, **kwargs):
        self.request = request
        self.args = args
        self.kwargs = kwargs

    def dispatch(self, request, *args, **kwargs):
        handler = getattr(self, request.method.lower())
        return handler(request, *args, **kwargs)

    def http_method_not_allowed(self, request, *args, **kwargs):
        return HttpResponseNotAllowed([])

class ContextMixin:
    extra_context = None

    def get_context_data(self, **kwargs):
        return kwargs

class TemplateResponseMixin:
    template_name = None

    def get_template_names(self):
        return [self.template_name]

    def render_to_response(self, context, **response_kwargs):
        return render(self.request, self.template_name, context)

class TemplateView(TemplateResponseMixin, ContextMixin, View):
    def get(self, request, *args, **kwargs):
        context = self.get_context_data(**kwargs)
        return self.render_to_response(context)

class RedirectView(View):
    url = None

    def get_redirect_url(self, *args, **kwargs):
        return self.url

    def get(self, request, *args, **kwargs):
        return HttpResponseRedirect(self.get_redirect_url(*args, **kwargs))

    def post(self, request, *args, **kwargs):
        return self.get(request, *args, **kwargs)
"""
_DETAIL = """
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

class SingleObjectMixin(ContextMixin):
    model = None
    queryset = None
    slug_field = "slug"
    slug_url_kwarg = "slug"
    pk_url_kwarg = "pk"

    def get_queryset(self):
        if self.queryset is not None:
            return self.queryset.all()
        return self.model.objects.all()

    def get_object(self, queryset=None):
        if queryset is None:
            queryset = self.get_queryset()
        pk = self.kwargs.get(self.pk_url_kwarg)
        if pk is not None:
            return queryset.get(pk=pk)
        return queryset.get(slug=self.kwargs.get(self.slug_url_kwarg))

    def get_context_data(self, **kwargs):
        return super().get_context_data(object=self.object, **kwargs)

class BaseDetailView(SingleObjectMixin, View):
    def get(self, request, *args, **kwargs):
        self.object = self.get_object()
        context = self.get_context_data(object=self.object)
        return self.render_to_response(context)

class SingleObjectTemplateResponseMixin(TemplateResponseMixin):
    template_name_field = None

class DetailView(SingleObjectTemplateResponseMixin, BaseDetailView):
    pass
"""
_LIST = """
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

class MultipleObjectMixin(ContextMixin):
    model = None
    queryset = None
    paginate_by = None
    ordering = None

    def get_queryset(self):
        if self.queryset is not None:
            return self.queryset.all()
        return self.model.objects.all()

    def get_context_data(self, object_list=None, **kwargs):
        return super().get_context_data(object_list=self.object_list, **kwargs)

class BaseListView(MultipleObjectMixin, View):
    def get(self, request, *args, **kwargs):
        self.object_list = self.get_queryset()
        context = self.get_context_data()
        return self.render_to_response(context)

class MultipleObjectTemplateResponseMixin(TemplateResponseMixin):
    template_name_suffix = "_list"

class ListView(MultipleObjectTemplateResponseMixin, BaseListView):
    pass
"""
_EDIT = """
from django.http import HttpResponseRedirect
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View
from django.views.generic.detail import SingleObjectMixin, SingleObjectTemplateResponseMixin

class FormMixin(ContextMixin):
    initial = {}
    form_class = None
    success_url = None
    prefix = None

    def get_initial(self):
        return {}

    def get_form_class(self):
        return self.form_class

    def get_form_kwargs(self):
        return {"data": self.request.POST, "files": self.request.FILES}

    def get_form(self, form_class=None):
        if form_class is None:
            form_class = self.get_form_class()
        return form_class(**self.get_form_kwargs())

    def get_success_url(self):
        return self.success_url

    def form_valid(self, form):
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form))

class ModelFormMixin(FormMixin, SingleObjectMixin):
    fields = None

    def form_valid(self, form):
        self.object = form.save()
        return super().form_valid(form)

class ProcessFormView(View):
    def get(self, request, *args, **kwargs):
        return self.render_to_response(self.get_context_data())

    def post(self, request, *args, **kwargs):
        form = self.get_form()
        if form.is_valid():
            return self.form_valid(form)
        return self.form_invalid(form)

    def put(self, request, *args, **kwargs):
        return self.post(request, *args, **kwargs)

class BaseFormView(FormMixin, ProcessFormView):
    pass

class FormView(TemplateResponseMixin, BaseFormView):
    pass

class BaseCreateView(ModelFormMixin, ProcessFormView):
    def get(self, request, *args, **kwargs):
        self.object = None
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        self.object = None
        return super().post(request, *args, **kwargs)

class CreateView(SingleObjectTemplateResponseMixin, BaseCreateView):
    pass

class BaseUpdateView(ModelFormMixin, ProcessFormView):
    def get(self, request, *args, **kwargs):
        self.object = self.get_object()
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        self.object = self.get_object()
        return super().post(request, *args, **kwargs)

class UpdateView(SingleObjectTemplateResponseMixin, BaseUpdateView):
    pass

class DeletionMixin:
    success_url = None

    def delete(self, request, *args, **kwargs):
        self.object = self.get_object()
        self.object.delete()
        return HttpResponseRedirect(self.get_success_url())

    def post(self, request, *args, **kwargs):
        return self.delete(request, *args, **kwargs)

    def get_success_url(self):
        return self.success_url

class BaseDeleteView(DeletionMixin, FormMixin, SingleObjectMixin, View):
    def get(self, request, *args, **kwargs):
        self.object = self.get_object()
        return self.render_to_response(self.get_context_data(object=self.object))

    def post(self, request, *args, **kwargs):
        self.object = self.get_object()
        form = self.get_form()
        return self.form_valid(form)

    def form_valid(self, form):
        self.object.delete()
        return HttpResponseRedirect(self.get_success_url())

class DeleteView(SingleObjectTemplateResponseMixin, BaseDeleteView):
    pass
"""
_SHORTCUTS = """
def get_object_or_404(klass, *args, **kwargs):
    if hasattr(klass, "objects"):
        return klass.objects.get(*args, **kwargs)
    return klass.get(*args, **kwargs)

async def aget_object_or_404(klass, *args, **kwargs):
    return get_object_or_404(klass, *args, **kwargs)

def get_list_or_404(klass, *args, **kwargs):
    if hasattr(klass, "objects"):
        return klass.objects.filter(*args, **kwargs)
    return klass.filter(*args, **kwargs)
"""
_AUTH = """
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.views.generic.base import TemplateView
from django.views.generic.edit import FormView

class LoginView(FormView):
    redirect_authenticated_user = False
    authentication_form = None

class LogoutView(TemplateView):
    http_method_names = ["post", "options"]
    next_page = None

    def post(self, request, *args, **kwargs):
        logout(request)
        return HttpResponseRedirect("/")

class PasswordChangeView(LoginRequiredMixin, FormView):
    pass

class PasswordChangeDoneView(LoginRequiredMixin, TemplateView):
    pass

class PasswordResetView(FormView):
    pass

class PasswordResetDoneView(TemplateView):
    pass

class PasswordResetConfirmView(FormView):
    pass

class PasswordResetCompleteView(TemplateView):
    pass
"""
_GENERIC = """
from django.views.generic.base import RedirectView, TemplateView, View
from django.views.generic.detail import DetailView
from django.views.generic.edit import CreateView, DeleteView, FormView, UpdateView
from django.views.generic.list import ListView
"""

LIBRARY = Library(
    name="django_views",
    framework="django",
    modules={
        "django.views.generic.base": _BASE,
        "django.views.generic.detail": _DETAIL,
        "django.views.generic.list": _LIST,
        "django.views.generic.edit": _EDIT,
        "django.views.generic": _GENERIC,
        "django.views": "from django.views.generic.base import View\n",
        "django.shortcuts": _SHORTCUTS,
        "django.contrib.auth.views": _AUTH,
    },
)
