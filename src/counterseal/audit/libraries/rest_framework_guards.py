"""Guards of Django REST framework: permission classes, throttles, decorators of function views."""

from __future__ import annotations

from counterseal.audit.libraries.model import Library

_PERMISSIONS = """
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

class BothOf:
    def __init__(self, first, second):
        self.first = first
        self.second = second

    def __call__(self):
        return BothOf(self.first(), self.second())

    def has_permission(self, request, view):
        return self.first.has_permission(request, view) and self.second.has_permission(request, view)

    def has_object_permission(self, request, view, obj):
        return self.first.has_object_permission(request, view, obj) and self.second.has_object_permission(request, view, obj)

    def __and__(self, other):
        return BothOf(self, other)

    def __or__(self, other):
        return OneOf(self, other)

class OneOf(BothOf):
    def __call__(self):
        return OneOf(self.first(), self.second())

    def has_permission(self, request, view):
        return self.first.has_permission(request, view) or self.second.has_permission(request, view)

    def has_object_permission(self, request, view, obj):
        return (self.first.has_permission(request, view) and self.first.has_object_permission(request, view, obj)) or (
            self.second.has_permission(request, view) and self.second.has_object_permission(request, view, obj)
        )

class Not(BothOf):
    def __init__(self, first):
        self.first = first

    def __call__(self):
        return Not(self.first())

    def has_permission(self, request, view):
        return not self.first.has_permission(request, view)

    def has_object_permission(self, request, view, obj):
        return not self.first.has_object_permission(request, view, obj)

class Operators(type):
    def __and__(cls, other):
        return BothOf(cls, other)

    def __or__(cls, other):
        return OneOf(cls, other)

    def __invert__(cls):
        return Not(cls)

class BasePermission(metaclass=Operators):
    def has_permission(self, request, view):
        return True

    def has_object_permission(self, request, view, obj):
        return True

class AllowAny(BasePermission):
    pass

class IsAuthenticated(BasePermission):
    def has_permission(self, request, view):
        return bool(request.user and request.user.is_authenticated)

class IsAdminUser(BasePermission):
    def has_permission(self, request, view):
        return bool(request.user and request.user.is_authenticated and request.user.is_staff)

class IsAuthenticatedOrReadOnly(BasePermission):
    def has_permission(self, request, view):
        return bool(request.method in SAFE_METHODS or request.user and request.user.is_authenticated)

class DjangoModelPermissions(BasePermission):
    authenticated_users_only = True
    perms_map = {}

    def has_permission(self, request, view):
        if not request.user or (not request.user.is_authenticated and self.authenticated_users_only):
            return False
        if request.method in SAFE_METHODS:
            return True
        return request.user.has_perms(self.perms_map)

class DjangoModelPermissionsOrAnonReadOnly(DjangoModelPermissions):
    authenticated_users_only = False

class DjangoObjectPermissions(DjangoModelPermissions):
    def has_object_permission(self, request, view, obj):
        return request.user.has_perms(self.perms_map, obj)
"""
_THROTTLES = """
from rest_framework.throttling import hit

class BaseThrottle:
    def allow_request(self, request, view):
        return True

class SimpleRateThrottle(BaseThrottle):
    scope = None
    rate = None

    def get_cache_key(self, request, view):
        return None

    def allow_request(self, request, view):
        return hit(self, request)

class AnonRateThrottle(SimpleRateThrottle):
    scope = "anon"

class UserRateThrottle(SimpleRateThrottle):
    scope = "user"

class ScopedRateThrottle(SimpleRateThrottle):
    def allow_request(self, request, view):
        if not getattr(view, "throttle_scope", None):
            return True
        return hit(self, request)
"""
_DECORATORS = """
from functools import wraps
from rest_framework.views import APIView

def api_view(http_method_names=["GET"]):
    def decorator(func):
        @wraps(func)
        def view(request, *args, **kwargs):
            self = APIView()
            self.permission_classes = getattr(func, "permission_classes", APIView.permission_classes)
            self.authentication_classes = getattr(func, "authentication_classes", APIView.authentication_classes)
            self.throttle_classes = getattr(func, "throttle_classes", APIView.throttle_classes)
            self.setup(request, *args, **kwargs)
            self.initial(request, *args, **kwargs)
            return func(request, *args, **kwargs)
        view.answered_methods = http_method_names
        view.csrf_exempt = True
        return view
    return decorator

def permission_classes(permission_classes):
    def decorator(func):
        func.permission_classes = permission_classes
        return func
    return decorator

def authentication_classes(authentication_classes):
    def decorator(func):
        func.authentication_classes = authentication_classes
        return func
    return decorator

def throttle_classes(throttle_classes):
    def decorator(func):
        func.throttle_classes = throttle_classes
        return func
    return decorator

def renderer_classes(classes):
    def decorator(func):
        return func
    return decorator

parser_classes = renderer_classes
schema = renderer_classes

class MethodMapper:
    def __init__(self, methods):
        self.methods = methods

    def get(self, function):
        self.GET = function
        return function

    def post(self, function):
        self.POST = function
        return function

    def put(self, function):
        self.PUT = function
        return function

    def patch(self, function):
        self.PATCH = function
        return function

    def delete(self, function):
        self.DELETE = function
        return function

def action(methods=["get"], detail=None, url_path=None, url_name=None, **kwargs):
    def decorator(func):
        func.mapping = MethodMapper(methods)
        func.detail = detail
        func.url_path = url_path
        func.kwargs = kwargs
        return func
    return decorator

def list_route(methods=["get"], **kwargs):
    return action(methods, False, **kwargs)

def detail_route(methods=["get"], **kwargs):
    return action(methods, True, **kwargs)
"""
LIBRARY = Library(
    name="rest_framework_guards",
    framework="django",
    modules={
        "rest_framework.permissions": _PERMISSIONS,
        "rest_framework.throttling": _THROTTLES,
        "rest_framework.decorators": _DECORATORS,
    },
)
