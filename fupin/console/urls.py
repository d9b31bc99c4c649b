"""Addresses of the console."""

from django.urls import path

from fupin.console.views import deliveries, findings, home, households, measures, people, portrait, runs, saved, sign_in

app_name = "console"
urlpatterns = [
    path("", home.home, name="home"),
    path("alive/", home.alive, name="alive"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("language/", sign_in.language, name="language"),
    path("catalogue/", deliveries.catalogue, name="catalogue"),
    path("deliveries/", deliveries.deliveries, name="deliveries"),
    path("deliveries/new/", deliveries.upload, name="upload"),
    path("deliveries/guess/", deliveries.guess, name="guess"),
    path("deliveries/<str:delivery_id>/", deliveries.delivery, name="delivery"),
    path("deliveries/<str:delivery_id>/progress/", deliveries.progress, name="delivery_progress"),
    path("deliveries/<str:delivery_id>/bad-rows/", deliveries.bad_rows, name="bad_rows"),
    path("runs/", runs.runs, name="runs"),
    path("runs/new/", runs.start, name="run_start"),
    path("runs/<str:run_id>/", runs.run, name="run"),
    path("runs/<str:run_id>/progress/", runs.progress, name="run_progress"),
    path("runs/<str:run_id>/doubts/", runs.doubts, name="doubts"),
    path("measures/", measures.measures, name="measures"),
    path("findings/", findings.findings, name="findings"),
    path("findings/<str:run_id>/<str:finding_id>/", findings.finding, name="finding"),
    path("households/", households.households, name="households"),
    path("households/find/", households.find, name="find"),
    path("households/<str:household_id>/", portrait.portrait, name="portrait"),
    path("households/<str:household_id>/members/<str:person_id>/number/", portrait.reveal, name="reveal"),
    path("filters/", saved.save, name="save_filter"),
    path("filters/<int:number>/forget/", saved.forget, name="forget_filter"),
    path("users/", people.users, name="users"),
    path("deeds/", people.deeds, name="deeds"),
]
