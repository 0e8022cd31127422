"""Django's guards of views: decorators, mixins and marks."""

from __future__ import annotations

from counterseal.audit.libraries.model import Library

_DECORATORS = """
from functools import wraps
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect

def user_passes_test(test_func, login_url=None, redirect_field_name=None):
    def decorator(view_func):
        @wraps(view_func)
        def wrapper(request, *args, **kwargs):
            if test_func(request.user):
                return view_func(request, *args, **kwargs)
            return HttpResponseRedirect(login_url)
        return wrapper
    return decorator

def login_required(function="", redirect_field_name=None, login_url=None):
    decorator = user_passes_test(lambda user: user.is_authenticated)
    if function:
        return decorator(function)
    return decorator

def permission_required(perm, login_url=None, raise_exception=False):
    return user_passes_test(lambda user: user.has_perm(perm))

def login_not_required(view_func):
    view_func.login_required = False
    return view_func
"""
_STAFF = """
from django.contrib.auth.decorators import user_passes_test

def staff_member_required(view_func="", redirect_field_name=None, login_url=None):
    decorator = user_passes_test(lambda user: user.is_active and user.is_staff)
    if view_func:
        return decorator(view_func)
    return decorator
"""
_ADMIN = """
from django.contrib.admin.views.decorators import staff_member_required
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_POST

def index(request):
    return render(request, "admin/index.html")

@require_POST
def login(request):
    return render(request, "admin/login.html")

urlpatterns = [path("", staff_member_required(index)), path("login/", login)]
"""
_MIXINS = """
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect

class AccessMixin:
    login_url = None
    permission_denied_message = ""
    raise_exception = False

    def handle_no_permission(self):
        raise PermissionDenied()

class LoginRequiredMixin(AccessMixin):
    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)

class PermissionRequiredMixin(AccessMixin):
    permission_required = None

    def get_permission_required(self):
        return self.permission_required

    def has_permission(self):
        return self.request.user.has_perms(self.get_permission_required())

    def dispatch(self, request, *args, **kwargs):
        if not self.has_permission():
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)

class UserPassesTestMixin(AccessMixin):
    def get_test_func(self):
        return self.test_func

    def dispatch(self, request, *args, **kwargs):
        if not self.test_func():
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)
"""
_MIDDLEWARE = """
from django.http import HttpResponseRedirect

class LoginRequiredMiddleware:
    def process_view(self, request, view_func, view_args, view_kwargs):
        if request.user.is_authenticated:
            return None
        if not getattr(view_func, "login_required", True):
            return None
        return HttpResponseRedirect("/accounts/login/")
"""
_METHOD = """
from functools import wraps

def applied(decorators, function):
    for decorator in decorators:
        function = decorator(function)
    return function

def method_decorator(decorator, name=""):
    decorators = decorator if isinstance(decorator, (list, tuple)) else [decorator]

    def on_method(method):
        @wraps(method)
        def wrapper(self, *args, **kwargs):
            @wraps(method)
            def bound(*inner, **options):
                return method(self, *inner, **options)
            return applied(decorators, bound)(*args, **kwargs)
        return wrapper

    def on_class(cls):
        setattr(cls, name, on_method(getattr(cls, name)))
        return cls

    return on_class if name else on_method

def decorator_from_middleware(middleware):
    def decorator(view_func):
        return view_func
    return decorator
"""
_HTTP = """
from functools import wraps
from django.http import HttpResponseNotAllowed

def require_http_methods(request_method_list):
    def decorator(func):
        @wraps(func)
        def inner(request, *args, **kwargs):
            if request.method not in request_method_list:
                return HttpResponseNotAllowed(request_method_list)
            return func(request, *args, **kwargs)
        inner.answered_methods = request_method_list
        return inner
    return decorator

require_GET = require_http_methods(["GET"])
require_POST = require_http_methods(["POST"])
require_safe = require_http_methods(["GET", "HEAD"])
"""
_CSRF = """
def csrf_exempt(view_func):
    view_func.csrf_exempt = True
    return view_func

def csrf_protect(view_func):
    view_func.csrf_exempt = False
    return view_func

def ensure_csrf_cookie(view_func):
    return view_func

def requires_csrf_token(view_func):
    return view_func
"""
_SAME = """
def {0}(*args, **kwargs):
    def decorator(view_func):
        return view_func
    return decorator
"""
_PLAIN = """
def {0}(view_func):
    return view_func
"""

LIBRARY = Library(
    name="django_auth",
    framework="django",
    modules={
        "django.contrib.auth.decorators": _DECORATORS,
        "django.contrib.auth.mixins": _MIXINS,
        "django.contrib.admin.views.decorators": _STAFF,
        "django.contrib.admin.views.patterns": _ADMIN,
        "django.contrib.auth.middleware": _MIDDLEWARE,
        "django.utils.decorators": _METHOD,
        "django.views.decorators.http": _HTTP,
        "django.views.decorators.csrf": _CSRF,
        "django.views.decorators.cache": "".join(
            (_SAME.format("cache_page"), _SAME.format("cache_control"), _PLAIN.format("never_cache"))
        ),
        "django.views.decorators.vary": _SAME.format("vary_on_headers") + _PLAIN.format("vary_on_cookie"),
        "django.views.decorators.debug": _SAME.format("sensitive_post_parameters") + _SAME.format("sensitive_variables"),
        "django.views.decorators.clickjacking": "".join(
            _PLAIN.format(name) for name in ("xframe_options_exempt", "xframe_options_deny", "xframe_options_sameorigin")
        ),
        "django.views.decorators.gzip": _PLAIN.format("gzip_page"),
    },
)
