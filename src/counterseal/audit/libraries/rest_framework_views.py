"""Views of Django REST framework: what stands before the handler, and what the generic ones do."""

from __future__ import annotations

from counterseal.audit.libraries.model import Library

_VIEWS = """
from django.views.generic.base import View
from rest_framework import exceptions
from rest_framework.authentication import authenticated_by
from rest_framework.settings import api_settings

class APIView(View):
    authentication_classes = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    permission_classes = api_settings.DEFAULT_PERMISSION_CLASSES
    throttle_classes = api_settings.DEFAULT_THROTTLE_CLASSES
    throttle_scope = None

    def get_authenticators(self):
        return [each() for each in self.authentication_classes]

    def get_permissions(self):
        return [each() for each in self.permission_classes]

    def get_throttles(self):
        return [each() for each in self.throttle_classes]

    def perform_authentication(self, request):
        for authenticator in self.get_authenticators():
            found = authenticated_by(authenticator, request)
            if found is not None:
                request.user, request.auth = found

    def permission_denied(self, request, message=None, code=None):
        raise exceptions.PermissionDenied(message)

    def check_permissions(self, request):
        for permission in self.get_permissions():
            if not permission.has_permission(request, self):
                self.permission_denied(request)

    def check_object_permissions(self, request, obj):
        for permission in self.get_permissions():
            if not permission.has_object_permission(request, self, obj):
                self.permission_denied(request)

    def check_throttles(self, request):
        for throttle in self.get_throttles():
            if not throttle.allow_request(request, self):
                raise exceptions.Throttled()

    def initialize_request(self, request, *args, **kwargs):
        return request

    def initial(self, request, *args, **kwargs):
        self.perform_authentication(request)
        self.check_permissions(request)
        self.check_throttles(request)

    def dispatch(self, request, *args, **kwargs):
        request = self.initialize_request(request, *args, **kwargs)
        self.request = request
        self.args = args
        self.kwargs = kwargs
        self.initial(request, *args, **kwargs)
        handler = getattr(self, self.served)
        return handler(request, *args, **kwargs)

    @classmethod
    def as_view(cls, **initkwargs):
        def view(request, *args, **kwargs):
            self = cls(**initkwargs)
            self.action_map = None
            self.served = request.method.lower()
            self.setup(request, *args, **kwargs)
            return self.dispatch(request, *args, **kwargs)
        view.view_class = cls
        view.view_initkwargs = initkwargs
        view.csrf_exempt = True
        return view
"""
_VIEWSETS = """
from rest_framework import generics, mixins
from rest_framework.views import APIView

class ViewSetMixin:
    @classmethod
    def as_view(cls, actions=None, **initkwargs):
        def view(request, *args, **kwargs):
            self = cls(**initkwargs)
            self.action_map = actions
            self.action = actions.get(request.method.lower())
            self.served = self.action
            self.setup(request, *args, **kwargs)
            return self.dispatch(request, *args, **kwargs)
        view.view_class = cls
        view.view_initkwargs = initkwargs
        view.actions = actions
        view.csrf_exempt = True
        return view

    def initialize_request(self, request, *args, **kwargs):
        return request

class ViewSet(ViewSetMixin, APIView):
    pass

class GenericViewSet(ViewSetMixin, generics.GenericAPIView):
    pass

class ReadOnlyModelViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, GenericViewSet):
    pass

class ModelViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    GenericViewSet,
):
    pass
"""
_MIXINS = """
from rest_framework.response import Response

class CreateModelMixin:
    def create(self, request, *args, **kwargs):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        return Response(serializer.data, status=201)

    def perform_create(self, serializer):
        serializer.save()

class ListModelMixin:
    def list(self, request, *args, **kwargs):
        queryset = self.filter_queryset(self.get_queryset())
        page = self.paginate_queryset(queryset)
        serializer = self.get_serializer(page, many=True)
        return Response(serializer.data)

class RetrieveModelMixin:
    def retrieve(self, request, *args, **kwargs):
        instance = self.get_object()
        serializer = self.get_serializer(instance)
        return Response(serializer.data)

class UpdateModelMixin:
    def update(self, request, *args, **kwargs):
        instance = self.get_object()
        serializer = self.get_serializer(instance, data=request.data)
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        return Response(serializer.data)

    def perform_update(self, serializer):
        serializer.save()

    def partial_update(self, request, *args, **kwargs):
        return self.update(request, *args, **kwargs)

class DestroyModelMixin:
    def destroy(self, request, *args, **kwargs):
        instance = self.get_object()
        self.perform_destroy(instance)
        return Response(status=204)

    def perform_destroy(self, instance):
        instance.delete()
"""
_GENERICS_HEAD = """
from django.shortcuts import get_object_or_404
from rest_framework import mixins
from rest_framework.settings import api_settings
from rest_framework.views import APIView

class GenericAPIView(APIView):
    queryset = None
    serializer_class = None
    lookup_field = "pk"
    lookup_url_kwarg = None
    filter_backends = api_settings.DEFAULT_FILTER_BACKENDS
    pagination_class = api_settings.DEFAULT_PAGINATION_CLASS

    def get_queryset(self):
        return self.queryset.all()

    def get_object(self):
        queryset = self.filter_queryset(self.get_queryset())
        kwarg = self.lookup_url_kwarg or self.lookup_field
        found = get_object_or_404(queryset, **{self.lookup_field: self.kwargs[kwarg]})
        self.check_object_permissions(self.request, found)
        return found

    def get_serializer(self, *args, **kwargs):
        serializer_class = self.get_serializer_class()
        kwargs.setdefault("context", self.get_serializer_context())
        return serializer_class(*args, **kwargs)

    def get_serializer_class(self):
        return self.serializer_class

    def get_serializer_context(self):
        return {"request": self.request, "view": self}

    def filter_queryset(self, queryset):
        return queryset

    def paginate_queryset(self, queryset):
        return queryset

    def get_paginated_response(self, data):
        return data
"""
_GENERIC = """
class {name}({bases}GenericAPIView):
"""
_METHOD = """    def {verb}(self, request, *args, **kwargs):
        return self.{action}(request, *args, **kwargs)
"""
_SERVED = {
    "CreateAPIView": (("post", "create"),),
    "ListAPIView": (("get", "list"),),
    "RetrieveAPIView": (("get", "retrieve"),),
    "DestroyAPIView": (("delete", "destroy"),),
    "UpdateAPIView": (("put", "update"), ("patch", "partial_update")),
    "ListCreateAPIView": (("get", "list"), ("post", "create")),
    "RetrieveUpdateAPIView": (("get", "retrieve"), ("put", "update"), ("patch", "partial_update")),
    "RetrieveDestroyAPIView": (("get", "retrieve"), ("delete", "destroy")),
    "RetrieveUpdateDestroyAPIView": (
        ("get", "retrieve"),
        ("put", "update"),
        ("patch", "partial_update"),
        ("delete", "destroy"),
    ),
}
"""Generic views with the methods that they answer, and what does the work."""
_BEHIND = {"partial_update": "update"}


def _generics() -> str:
    out = [_GENERICS_HEAD]
    for name, served in _SERVED.items():
        mixins = dict.fromkeys(f"mixins.{_BEHIND.get(action, action).capitalize()}ModelMixin, " for _, action in served)
        out.append(_GENERIC.format(name=name, bases="".join(mixins)))
        out += [_METHOD.format(verb=verb, action=action) for verb, action in served]
    return "".join(out)


_ROUTERS = """
from rest_framework.response import Response
from rest_framework.views import APIView

class APIRootView(APIView):
    def get(self, request, *args, **kwargs):
        return Response({})
"""

LIBRARY = Library(
    name="rest_framework_views",
    framework="django",
    modules={
        "rest_framework.views": _VIEWS,
        "rest_framework.viewsets": _VIEWSETS,
        "rest_framework.mixins": _MIXINS,
        "rest_framework.generics": _generics(),
        "rest_framework.routers": _ROUTERS,
    },
)
