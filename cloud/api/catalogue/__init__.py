"""Every problem that the API answers with: its code, its HTTP status, what it means and what to do now."""

from cloud.api.catalogue.bookings import *  # noqa: F403 - each by the name that its raiser uses
from cloud.api.catalogue.callers import *  # noqa: F403
from cloud.api.catalogue.cooperation import *  # noqa: F403
from cloud.api.catalogue.failures import *  # noqa: F403
from cloud.api.catalogue.kind import CATALOGUE as CATALOGUE
from cloud.api.catalogue.kind import Kind as Kind
from cloud.api.catalogue.requests import *  # noqa: F403


def markdown() -> str:
    """The catalogue as the page `docs/problems.md`."""
    rows = (f"| `{kind.code}` | {kind.status} | {kind.title} | {kind.remedy} |" for kind in CATALOGUE.values())
    return _PREFACE + "\n".join(rows) + "\n"


_PREFACE = """# Problems

Every answer of the API that is not a success is an RFC 9457 problem, `application/problem+json`:

```json
{
  "type": "/v1/problems/capacity.insufficient",
  "title": "Too little capacity is left over that span",
  "status": 409,
  "code": "capacity.insufficient",
  "detail": "0 of 1 is left",
  "remedy": "Take less, or the span that `nearest` names.",
  "request_id": "req_5f1c0c9d2b7a4e13"
}
```

`code` is stable, so programs may branch on it. `detail` says what happened in this case, and further members carry the
facts: `errors` points to fields (`pointer` is a JSON Pointer), `left`, `asked` and `nearest` explain a refusal.
`GET /v1/problems` lists the table below. This page is written by `python -m cloud.api --problems`.

| code | status | what it means | what to do now |
|---|---|---|---|
"""
