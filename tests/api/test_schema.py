"""/schema is true: no warning, every path, and answers as described."""

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args
from urllib.parse import unquote

import jsonschema
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from cityweather import urls
from cityweather.api.schema import rendered
from cityweather.models import RejectedRow, SearchHistory
from cityweather.runtime import connections
from cityweather.tracker.progress import WaitingFor
from tests.support.api import UNKNOWN, go_live, make_city, make_job


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    with GENERATOR_STATS.silence():
        found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    return found


@pytest.mark.slow
def test_the_schema_is_valid_openapi_3_1_and_warns_of_nothing(schema: dict[str, Any]) -> None:
    assert schema["openapi"] == "3.1.0"
    validate_schema(schema)


def test_every_path_of_the_api_is_described_once(schema: dict[str, Any]) -> None:
    routes = {
        "/" + str(pattern.pattern).replace("<str:job_id>", "{job_id}").replace("<str:schedule_id>", "{schedule_id}")
        for pattern in urls.urlpatterns
        if isinstance(pattern, URLPattern) and pattern.name
    } - {"/", "/schema", "/docs"}
    assert schema["paths"].keys() == routes


def test_every_operation_names_its_errors(schema: dict[str, Any]) -> None:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] == ["operations"]:
                continue
            assert {"400", "429", "500", "503"} <= operation["responses"].keys(), (method, path)
            assert (operation["security"] == [{"ApiKey": []}]) == ("401" in operation["responses"])
            assert operation["description"] == operation["summary"] + "."


def validator(schema: dict[str, Any], ref: str) -> Any:
    registry: Registry[Any] = Registry().with_resource("urn:api", Resource(schema, DRAFT202012))
    return jsonschema.Draft202012Validator({"$ref": f"urn:api{ref}"}, registry=registry)


Check = Callable[[str, str, Any], None]


@pytest.fixture
def check(schema: dict[str, Any]) -> Check:
    def check(method: str, path: str, answer: Any) -> None:
        """The status is described, and so is every field of the body: none missing, none more."""
        described = schema["paths"][path][method]["responses"][str(answer.status_code)]
        if answer.status_code in (204, 304):
            return
        content = described["content"][answer["Content-Type"].split(";")[0]]["schema"]
        if content.get("type") == "string":
            return
        validator(schema, content["$ref"]).validate(answer.json())
        shape = schema["components"]["schemas"][content["$ref"].rsplit("/", 1)[1]]
        assert set(shape["required"]) <= answer.json().keys() <= shape["properties"].keys()

    return check


@pytest.mark.usefixtures("redis_server", "db")
def test_answers_are_as_described(keyed: Client, check: Check) -> None:
    job, old = make_job("sfp"), make_job("sf", status="done", phase="ended")
    RejectedRow.objects.create(job=job, line=3, code="name_too_long", text="x")
    SearchHistory.objects.create(city_name="Oslo")
    make_city("Bergen")
    live = make_job("pp")
    go_live(live, succeeded=1)
    one = "/bulk/jobs/{job_id}"
    for found in (job, old, live):
        here = f"/bulk/jobs/{found.job_id}"
        check("get", one, keyed.get(here))
        for name in ("results", "summary", "rejected"):
            check("get", f"{one}/{name}", keyed.get(f"{here}/{name}"))
            check("get", f"{one}/{name}", keyed.get(f"{here}/{name}?cursor=x&top=x&limit=x&status=&format="))
            check("get", f"{one}/{name}", keyed.get(f"{here}/{name}", headers={"Accept": "image/png"}))
        check("get", f"{one}/results", keyed.get(f"{here}/results?format=csv"))
        for name in ("cancel", "pause", "resume", "retry", "rerun"):
            check("post", f"{one}/{name}", keyed.generic("POST", f"{here}/{name}"))
            check("post", f"{one}/{name}", keyed.generic("POST", f"/bulk/jobs/{UNKNOWN}/{name}"))
        for body in ({"max_rate": 5}, {"label": "x"}, {"max_rate": "x"}):
            check("patch", one, keyed.patch(here, body, content_type="application/json"))
        check("patch", one, keyed.patch(here, "x", content_type="text/plain"))
        check("delete", one, keyed.delete(here))
    for path in ("", "?top=x"):
        check("get", "/bulk/summary", keyed.get(f"/bulk/summary{path}"))
    for path in ("/history", "/cities", "/bulk/jobs"):
        check("get", path, keyed.get(path))
        check("get", path, keyed.get(f"{path}?limit=0"))
    check("get", "/places", keyed.get("/places?query=lond"))
    check("get", "/places", keyed.get("/places"))
    body = {"job_id": str(make_job("s", status="done", phase="ended").pk), "every": "1d"}
    made = keyed.post("/bulk/schedules", body, content_type="application/json")
    check("post", "/bulk/schedules", made)
    check("post", "/bulk/schedules", keyed.post("/bulk/schedules", {}, content_type="application/json"))
    check("get", "/bulk/schedules", keyed.get("/bulk/schedules"))
    one, here = "/bulk/schedules/{schedule_id}", made["Location"]
    check("get", one, keyed.get(here))
    check("patch", one, keyed.patch(here, {"paused": True}, content_type="application/json"))
    for _ in range(2):
        check("delete", one, keyed.delete(here))
    check("delete", "/history", keyed.delete("/history"))


@pytest.mark.usefixtures("redis_server", "db")
@pytest.mark.parametrize("reason", get_args(WaitingFor))
def test_a_job_that_waits_is_as_described(keyed: Client, check: Check, reason: WaitingFor) -> None:
    job = make_job("pp")
    go_live(job)
    connections.tracker().park(str(job.job_id), 1, time.time() + 60, reason)
    answer = keyed.get(f"/bulk/jobs/{job.job_id}")
    assert answer.json()["waiting_for"] == reason
    check("get", "/bulk/jobs/{job_id}", answer)


@pytest.mark.usefixtures("db")
def test_answers_to_imports_are_as_described(keyed: Client, anyone: Client, check: Check, settings: Any) -> None:
    def send(client: Client, content: bytes, **headers: str) -> Any:
        return client.post("/bulk/import", {"file": SimpleUploadedFile("c.csv", content)}, headers=headers)

    check("post", "/bulk/import", send(keyed, b"city\nOslo\n"))
    check("post", "/bulk/import", send(keyed, b"PK\x03\x04"))
    check("post", "/bulk/import", send(keyed, b"a;b\nOslo;NO\n"))
    check("post", "/bulk/import", send(anyone, b"city\nOslo\n"))
    check("post", "/bulk/import", keyed.post("/bulk/import", b"x", content_type="text/csv"))
    settings.IMPORT_MAX_BYTES = 10
    check("post", "/bulk/import", send(keyed, b"city\n" * 100))


@pytest.mark.usefixtures("db")
def test_schema_and_docs_are_served_from_here(anyone: Client) -> None:
    answer = anyone.get("/schema")
    assert (answer["Content-Type"], answer.json()["openapi"]) == ("application/json", "3.1.0")
    assert anyone.get("/schema/", headers={"Accept": "application/vnd.oai.openapi"}).content.startswith(
        b"openapi: 3.1.0"
    )
    assert anyone.options("/docs").status_code == 204
    page = anyone.get("/docs").content.decode()
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/" in page
    assert "//cdn" not in page
    script = anyone.get("/docs?script=")
    assert script.status_code == 200
    assert "/schema" in script.content.decode()


def test_a_schema_is_built_once_however_many_ask_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    real = SchemaGenerator.get_schema

    def build(generator: Any, **options: Any) -> Any:
        built.append(1)
        return real(generator, **options)

    monkeypatch.setattr(SchemaGenerator, "get_schema", build)
    rendered.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: Client().get("/schema"), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert built == [1]


@pytest.mark.slow
def test_a_fresh_process_gives_the_same_schema_to_all_who_ask_first() -> None:
    """A process that has loaded drf-spectacular's extensions already cannot show whether that is safe."""
    code = """
import django
from concurrent.futures import ThreadPoolExecutor
django.setup()
from django.test import Client
with ThreadPoolExecutor(8) as pool:
    answers = list(pool.map(lambda _: Client().get("/schema", headers={"host": "localhost"}), range(16)))
print({answer.status_code for answer in answers}, len({answer.content for answer in answers}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "{200} 1\n", done.stderr


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "query", ["status=", "status=x", "limit=", "limit=1.0", "cursor=a%20b", "search=%FF", "format=", "bom=yes"]
)
def test_what_the_schema_does_not_allow_is_refused(keyed: Client, query: str) -> None:
    assert keyed.get(f"/bulk/jobs/{make_job('s').job_id}/results?{query}").status_code == 400


@pytest.mark.parametrize("city", ["", " ", "x" * 201, "a%00b", "a%1bb", "%7F"])
def test_schema_and_check_refuse_the_same_cities(anyone: Client, schema: dict[str, Any], city: str) -> None:
    (parameter,) = (one for one in schema["paths"]["/weather"]["get"]["parameters"] if one["name"] == "city")
    assert not jsonschema.Draft202012Validator(parameter["schema"]).is_valid(unquote(city))
    assert anyone.get(f"/weather?city={city}").status_code == 400
