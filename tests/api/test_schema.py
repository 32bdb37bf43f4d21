"""/schema tells the truth: no warning, every path, and answers as described."""

import time
from collections.abc import Callable, Iterator
from typing import Any, get_args

import jsonschema
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from cityweather.api import urls as api
from cityweather.models import RejectedRow, SearchHistory
from cityweather.ops import urls as ops
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


def test_the_schema_is_valid_openapi_3_1_and_warns_of_nothing(schema: dict[str, Any]) -> None:
    assert schema["openapi"] == "3.1.0"
    validate_schema(schema)


def test_every_path_of_the_api_is_described_once(schema: dict[str, Any]) -> None:
    routes = {
        "/" + str(pattern.pattern).replace("<str:job_id>", "{job_id}")
        for pattern in [*api.urlpatterns, *ops.urlpatterns]
    }
    routes = {route for route in routes if not route.endswith("/")} - {"/schema", "/docs"}
    assert schema["paths"].keys() == routes


def test_every_operation_names_its_errors(schema: dict[str, Any]) -> None:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] == ["operations"]:
                continue
            assert {"400", "429", "500", "503"} <= operation["responses"].keys(), (method, path)
            assert (operation["security"] == [{"ApiKey": []}]) == ("401" in operation["responses"])
            assert operation["description"] == operation["summary"] + "."


def test_every_body_has_an_example_that_fits(schema: dict[str, Any]) -> None:
    for place, content in bodies(schema["paths"]):
        if content["schema"] == {"type": "string"}:
            continue
        assert content.get("examples"), place
        for example in content["examples"].values():
            validator(schema, content["schema"]["$ref"]).validate(example["value"])


def bodies(paths: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every request's and answer's content, callbacks included."""
    for path, methods in paths.items():
        for method, operation in methods.items():
            if operation.get("tags") == ["operations"]:
                continue
            place = f"{where}{method} {path}"
            for status, answer in {"request": operation.get("requestBody", {}), **operation["responses"]}.items():
                yield from ((f"{place} {status} {kind}", found) for kind, found in answer.get("content", {}).items())
            for name, called in operation.get("callbacks", {}).items():
                yield from bodies(called, f"{name}: ")


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
        properties = schema["components"]["schemas"][content["$ref"].rsplit("/", 1)[1]]["properties"]
        assert answer.json().keys() == properties.keys()

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
            check("get", f"{one}/{name}", keyed.get(f"{here}/{name}?cursor=x&top=x"))
            check("get", f"{one}/{name}", keyed.get(f"{here}/{name}", headers={"Accept": "image/png"}))
        check("get", f"{one}/results", keyed.get(f"{here}/results?format=csv"))
        for name in ("cancel", "pause", "resume", "retry"):
            check("post", f"{one}/{name}", keyed.post(f"{here}/{name}"))
            check("post", f"{one}/{name}", keyed.post(f"/bulk/jobs/{UNKNOWN}/{name}"))
        for body in ({"max_rate": 5}, {"max_rate": "x"}):
            check("patch", one, keyed.patch(here, body, content_type="application/json"))
        check("patch", one, keyed.patch(here, "x", content_type="text/plain"))
        check("delete", one, keyed.delete(here))
    for path in ("/history", "/cities", "/bulk/jobs"):
        check("get", path, keyed.get(path))
        check("get", path, keyed.get(f"{path}?limit=0"))
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
