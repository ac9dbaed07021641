"""Plays the script to a server, and writes down what it answered, with names for what differs by nature.

What is masked, and nothing else: ids that a step captured get the variable's name, other ids `<id>`, the server's
address `<server>`, times since its start `<now>`, tokens of pages `<token>`, names that a server drew `<random name>`.
Lists that stand for maps (params, tags, latest metrics, dataset summaries) are sorted, and so are Python sets in
stock's messages; SQL in them is `<SQL>`. Long texts are cut and hashed.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from golden.corpus.script import Step
from support.server import Answer, Http

Outcome = dict[str, Any]
VARIABLE = re.compile(r"\$\{(\w+)\}")
TIMES = {"creation_time", "last_update_time", "creation_timestamp_ms", "last_updated_timestamp_ms", "start_time"}
START_MS = 600_000  # a server starts within this time before the replay
ID = re.compile(r"\b(?!0{32})[0-9a-f]{32}\b")
SET = re.compile(r"\{('[^{}]*')\}")
SQL = re.compile(r"\((sqlite3\.|raised as a result of).*", re.DOTALL)
NAMES = re.compile(r"[a-z]+-[a-z]+-\d{1,4}")
SHOWN = ("content-disposition", "content-range", "accept-ranges", "x-content-type-options")
CUT = 300
SORTED: dict[str, Callable[[Any], Any]] = {
    "tags": lambda item: item["key"],
    "params": lambda item: item["key"],
    "dataset_summaries": lambda item: (item["experiment_id"], item["name"], item["digest"], item.get("context", "")),
    "dataset_inputs": lambda item: (item["dataset"]["name"], item["dataset"]["digest"]),
    "model_outputs": lambda item: item["model_id"],
}


@dataclass
class Replay:
    """One run of the script against one server."""

    http: Http
    variables: dict[str, str] = field(default_factory=dict)
    began_ms: float = field(default_factory=lambda: time.time() * 1000)

    def play(self, steps: Iterable[Step]) -> dict[str, Outcome]:
        """What was answered, by step."""
        return {step.id: self.step(step) for step in steps}

    def step(self, step: Step) -> Outcome:
        """Asks, captures, and describes the answer."""
        answer = self.ask(step)
        if step.path.endswith("/create"):
            time.sleep(0.002)  # servers order by times in milliseconds
        for variable, path in step.case.capture.items():
            self.variables[variable] = found(answer, path) or f"no-{variable}"
        told = self.describe(answer)
        if step.case.by_run and told["status"] == 200:
            told["body"]["metrics"].sort(key=lambda item: item["run_id"])
        return told

    def ask(self, step: Step) -> Answer:
        """The answer itself."""
        case, path, body = step.case, self.filled(step.path), None
        headers = dict(case.headers)
        if case.raw is not None:
            body = self.filled(case.raw.decode("latin-1")).encode("latin-1")
        elif step.method == "GET":
            pairs = case.fields.items() if isinstance(case.fields, dict) else case.fields or ()
            if query := urlencode([(name, self.filled(str(value))) for name, value in pairs]):
                path = f"{path}?{query}"
        elif case.fields is not None:
            body = self.filled(json.dumps(case.fields)).encode()
            headers.setdefault("Content-Type", "application/json")
        try:
            return self.http.request(step.method, path, body, headers)
        except ConnectionError:
            return Answer(0, {}, b"the connection was closed")
        finally:
            self.http.close()  # stock closes some connections after an error, which the next step would meet

    def filled(self, text: str) -> str:
        """The text with what was captured."""
        return VARIABLE.sub(lambda match: self.variables[match[1]], text)

    def describe(self, answer: Answer) -> Outcome:
        """The answer as data that two servers can agree on."""
        told: Outcome = {"status": answer.status, "type": answer.headers.get("content-type", "").partition(";")[0]}
        headers = {name: self.masked(answer.headers[name]) for name in SHOWN if name in answer.headers}
        if "content-disposition" in headers:
            told["headers"] = headers
        text = self.masked(answer.body.decode("utf-8", "backslashreplace"))
        try:
            body = json.loads(text) if told["type"] == "application/json" else text
        except ValueError:
            body = text
        if isinstance(body, dict) and "error_code" in body:
            told["error_code"] = body.pop("error_code")
            told["message"] = cut(stable(body.pop("message", "")))
        if body != {} or "error_code" not in told:
            told["body"] = self.shape(body)
        return told

    def masked(self, text: str) -> str:
        """The text with names for what was captured; short ids such as an experiment's stay."""
        for name, value in self.variables.items():
            if len(value) >= 32 and value in text:
                text = text.replace(value, f"<{name}>")
        return ID.sub("<id>", text.replace(self.http.url, "<server>"))

    def shape(self, value: Any, key: str = "") -> Any:
        """The value with its times, tokens and drawn names masked, and its maps sorted."""
        if isinstance(value, dict):
            shaped = {name: self.shape(item, name) for name, item in value.items()}
            if isinstance(shaped.get("metrics"), list) and key == "data":
                shaped["metrics"].sort(key=lambda item: (item["key"], item["step"]))
            return {name: shaped[name] for name in sorted(shaped)}
        if isinstance(value, list):
            items = [self.shape(item) for item in value]
            order = SORTED.get(key)
            return sorted(items, key=order) if order is not None and all(isinstance(i, dict) for i in items) else items
        if isinstance(value, str):
            if key == "next_page_token":
                return "<token>"
            return "<random name>" if NAMES.fullmatch(value) else cut(value)
        if key in TIMES and isinstance(value, int) and self.began_ms - START_MS <= value <= time.time() * 1000 + 1000:
            return "<now>"
        return value


def found(answer: Answer, path: str) -> str:
    """The text at a dotted path, or nothing: a refusal where the other server agreed shows in the status."""
    try:
        value = answer.json
        for part in path.split("."):
            value = value[part]
    except (ValueError, KeyError, TypeError):
        return ""
    return str(value)


def stable(message: str) -> str:
    """The message without what varies from one start of stock to the next."""
    message = SQL.sub("<SQL>", message)
    return SET.sub(lambda match: "{" + ", ".join(sorted(match[1].split(", "))) + "}", message)


def cut(text: str) -> str:
    """The text, or its beginning, length and hash."""
    if len(text) <= CUT:
        return text
    return f"{text[:60]}… {len(text)} characters, {hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}"


def written(outcomes: dict[str, Outcome]) -> str:
    """Outcomes as a JSON file, one step a line."""
    lines = (f"{json.dumps(id, ensure_ascii=False)}: {canonical(told)}" for id, told in outcomes.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def canonical(value: Any) -> str:
    """The value as JSON; 1 and 1.0 are two things."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
