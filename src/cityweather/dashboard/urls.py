from django.urls import path

from cityweather.dashboard import views

urlpatterns = [path("", views.index, name="dashboard")]
