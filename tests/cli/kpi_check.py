#!/usr/bin/env python3
"""Computes KPIs and metrics from exported events alone, by the definitions of docs/metrics.md, and compares them with what
`report kpi --json` or `report metrics --json` said. It shares nothing with the program but the definitions.

Usage: kpi_check.py EVENTS REPORT   prints what differs; exit status 1 when anything does."""
import datetime
import json
import sys
from fractions import Fraction

DAY = 86_400_000_000
SECOND = 1_000_000
CATEGORIES = ["BASICA", "MEDIA", "ALTA"]
TARGETS = {
    "labelled": [Fraction(95), Fraction(98), Fraction(99)],
    "encrypted": [None, Fraction(100), Fraction(100)],
    "locate": [Fraction(60), Fraction(30), Fraction(10)],
    "transport": [Fraction(0)] * 3,
    "destruction": [Fraction(100)] * 3,
}


def day_start(text):
    date = datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.timezone.utc)
    return int(date.timestamp()) * SECOND


def moment_of(text):
    whole, micro = text.rstrip("Z").split(".")
    date = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return int(date.timestamp()) * SECOND + int(micro)


def number(value, up=False):
    """At most two decimals, cut or rounded up, without needless zeros."""
    hundredths = value * 100
    cut = hundredths.numerator // hundredths.denominator
    if up and cut != hundredths:
        cut += 1
    sign, size = ("-" if cut < 0 else ""), abs(cut)
    if size % 100 == 0:
        return f"{sign}{size // 100}"
    if size % 10 == 0:
        return f"{sign}{size // 100}.{size % 100 // 10}"
    return f"{sign}{size // 100}.{size % 100:02d}"


# --- how each medium stands ------------------------------------------------------------------------------------


class Medium:
    def __init__(self, data):
        self.category = data["category"]
        self.can = data["kind"] in ("hdd", "ssd", "tape")
        self.live, self.labelled, self.encrypted, self.empty, self.missing = True, False, False, False, False


def stand(media, event):
    """What one event changes of the media."""
    kind, data = event["type"], event["data"]
    if kind == "medium.registered":
        media[event["subject"]] = Medium(data)
    if kind == "stocktake.missed":
        for item in data["media"]:
            if item["medium"] in media:
                media[item["medium"]].missing = True
    if kind == "stocktake.scanned":
        for scan in data["scans"]:
            if scan.get("medium") in media:
                media[scan["medium"]].missing = False
    medium = media.get(event["subject"])
    if not medium:
        return
    if kind in ("medium.retired", "destruction.executed"):
        medium.live = False
    elif kind == "label.printed":
        medium.labelled = True
    elif kind in ("label.voided", "medium.changed"):
        medium.labelled = False
    elif kind in ("encryption.started", "encryption.erased", "tape.key-destroyed"):
        medium.encrypted = False
    elif kind == "encryption.finished":
        medium.encrypted, medium.empty = bool(data.get("uuid")), False
    elif kind == "encryption.changed":
        medium.encrypted = bool(data.get("uuid"))
    elif kind == "tape.joined":
        medium.encrypted, medium.empty = True, False
    elif kind == "sanitization.started":
        medium.empty = False
    elif kind == "sanitization.finished":
        medium.empty, medium.encrypted = data.get("result") == "sanitized", False
    elif kind == "sanitization.verified" and not data.get("holds"):
        medium.empty = False
    elif kind == "sanitization.validated" and data.get("decision") != "accept":
        medium.empty = False
    elif kind == "medium.lost-in-transit":
        medium.missing = medium.missing or not data.get("drill")
    elif kind == "medium.put-back":
        medium.missing = data.get("returned") == "missing"
    elif kind in ("medium.moved", "medium.located", "medium.received", "medium.recovered", "loan.handed-over", "loan.returned"):
        medium.missing = False


def standing(events, moment):
    media = {}
    for event in events:
        if event["time"] // DAY <= moment // DAY:
            stand(media, event)
    return media


# --- what happened ---------------------------------------------------------------------------------------------


class Facts:
    """Everything that is counted by itself, from all events."""

    def __init__(self, events):
        self.searches, self.open_searches = [], {}
        self.dispatched, self.transport, self.access = [], [], []
        self.destructions, self.certificates = {}, {}
        self.failed, self.readings, self.checks = [], {}, []
        self.category, self.shipments = {}, {}
        for event in events:
            for part in (self.search, self.ship, self.destroy, self.certify, self.watch):
                part(event, event["type"], event["data"])

    def search(self, event, kind, data):
        if kind == "medium.registered":
            self.category[event["subject"]] = data["category"]
        if kind == "medium.sought":
            self.open_searches[data["search"]] = (self.category[event["subject"]], event["time"], data["target"])
        if kind == "medium.located" and "search" in data:
            self.open_searches.pop(data["search"], None)
            self.searches.append((event["time"], self.category[event["subject"]], data["seconds"],
                                  data["seconds"] < data["target"]))

    def ship(self, event, kind, data):
        if kind == "shipment.created" and not data.get("drill"):
            self.shipments[event["subject"]] = max((self.category[m["id"]] for m in data["media"]), key=CATEGORIES.index)
        if kind == "shipment.dispatched" and event["subject"] in self.shipments:
            self.dispatched.append((event["time"], self.shipments[event["subject"]]))
        if kind == "incident.opened":
            if data["kind"] == "access":
                self.access.append(event["time"])
            if data["kind"] != "review" and data["subject"] in self.shipments:
                self.transport.append((event["time"], self.shipments[data["subject"]]))

    def destroy(self, event, kind, data):
        if kind == "destruction.requested":
            self.destructions[data["destruction"]] = [self.category[event["subject"]], event["time"], None]
        if kind == "destruction.refused":
            del self.destructions[data["destruction"]]
        if kind == "destruction.executed":
            self.destructions[data["destruction"]][2] = event["time"]

    def certify(self, event, kind, data):
        if kind == "certificate.issued":
            self.certificates[data["number"]] = {"sources": {data["source"]}, "valid": False}
        if kind == "certificate.covered":
            self.certificates[data["number"]]["sources"].add(data["source"])
        if kind == "certificate.signed" and data["position"] == 3:
            self.certificates[data["number"]]["valid"] = True
        if kind in ("certificate.revoked", "certificate.superseded"):
            self.certificates[data["number"]]["valid"] = False

    def watch(self, event, kind, data):
        if kind == "act.refused" and data.get("outcome") == "denied":
            who = event["os_user"] if event["actor"] == "-" else event["actor"]
            self.failed.append((event["time"], who, 1 + data.get("suppressed", 0)))
        if kind == "encryption.open-failed":
            self.failed.append((event["time"], event["subject"], 1))
        if kind == "environment.measured":
            for time, temperature, _, _ in data["readings"]:
                if temperature is not None:
                    self.readings.setdefault(event["subject"], {}).setdefault(time, temperature)
        if kind == "baseline.checked":
            self.checks.append((event["time"], data))

    def certified(self):
        return {s for c in self.certificates.values() if c["valid"] for s in c["sources"]}


# --- KPIs ------------------------------------------------------------------------------------------------------


def kpi_counts(events, facts, kpi, category, start, end, moment, current):
    cases = good = bad = most = 0
    if kpi in ("labelled", "encrypted"):
        for medium in standing(events, moment).values():
            if medium.category != category or not medium.live:
                continue
            if kpi == "labelled":
                cases, good = cases + 1, good + (medium.labelled and not medium.missing)
            elif medium.can and not medium.empty:
                cases, good = cases + 1, good + medium.encrypted
    if kpi == "locate":
        ended = [s for s in facts.searches if start <= s[0] < end and s[1] == category]
        late = [s for s in facts.open_searches.values() if s[0] == category and moment - s[1] >= s[2] * SECOND]
        late = late if current else []
        cases, good = len(ended) + len(late), sum(s[3] for s in ended)
        most = max([s[2] for s in ended] + [(moment - s[1]) // SECOND for s in late], default=0)
    if kpi == "transport":
        cases = sum(start <= t < end and c == category for t, c in facts.dispatched)
        bad = sum(start <= t < end and c == category for t, c in facts.transport)
    if kpi == "destruction":
        done = [d for d, (c, _, t) in facts.destructions.items() if c == category and t is not None and start <= t < end]
        cases, good = len(done), sum(d in facts.certified() for d in done)
    return cases, good, bad, most


def kpi_verdict(kpi, category, counts):
    cases, good, bad, most = counts
    target = TARGETS[kpi][CATEGORIES.index(category)]
    if not cases and not (kpi == "transport" and bad):
        return None, "not-applicable" if target is None else "no-data"
    if kpi == "locate":
        value = Fraction(most, 60)
        met = target is not None and value < target
    elif kpi == "transport":
        value = Fraction(bad)
        met = value <= target
    else:
        value = Fraction(100 * good, cases)
        met = target is not None and (value > target if kpi == "labelled" else value >= target)
    return number(value), "not-applicable" if target is None else "met" if met else "not-met"


# --- metrics ---------------------------------------------------------------------------------------------------


def level_above(value, alert, critical):
    return "critical" if value > critical else "alert" if value > alert else "ok"


def temperature_off(value):
    return 1800 - value if value < 1800 else value - 2200 if value > 2200 else 0


def metric(events, facts, name, moment):
    """Value as text, level, cases, what it is about."""
    since = moment - DAY
    if name == "not-located":
        media = [m for m in standing(events, moment).values() if m.live]
        lost = sum(m.missing for m in media)
        return (str(lost), level_above(lost, 1, 3), lost) if media else (None, "no-data", 0)
    if name == "unauthorised":
        n = sum(since < t <= moment for t in facts.access)
        return str(n), "critical" if n else "ok", n
    if name == "temperature":
        newest = []
        for area in sorted(facts.readings):
            times = [t for t in facts.readings[area] if since < t <= moment]
            if times:
                newest.append(facts.readings[area][max(times)])
        if not newest:
            return None, "no-data", 0
        worst = max(newest, key=temperature_off)
        outside = "critical" if not 1000 <= worst <= 3000 else "alert" if not 1500 <= worst <= 2500 else "ok"
        return number(Fraction(worst, 100)), outside, len(newest)
    if name == "failed":
        by = {}
        for time, who, attempts in facts.failed:
            if since < time <= moment:
                by[who] = by.get(who, 0) + attempts
        most = max(by.values(), default=0)
        return str(most), level_above(most, 3, 5), sum(by.values())
    if name == "destruction-time":
        took = [(done - asked) // SECOND for _, asked, done in facts.destructions.values()
                if done is not None and moment - 30 * DAY < done <= moment]
        if not took:
            return None, "no-data", 0
        mean = Fraction(sum(took), len(took) * 86400)
        return number(mean, up=True), level_above(mean, 7, 14), len(took)
    checks = [c for c in facts.checks if c[0] <= moment]
    if not checks:
        return None, "no-data", 0
    data = checks[-1][1]
    if name == "drift":
        off = data["missing"] + data["changed"] + data["added"]
        share = Fraction(100 * off, data["keys"]) if data["keys"] else Fraction(100 if off else 0)
        grave = ["ok", "alert", "critical"]
        own = {"none": "ok"}.get(data["level"], data["level"])
        return number(share), max(level_above(share, 0, 5), own, key=grave.index), 1
    share = Fraction(100 * (data["present"] - data["added"]), data["present"])
    return number(share), "critical" if share < 95 else "alert" if share < 100 else "ok", 1


# --- comparing -------------------------------------------------------------------------------------------------


def compare(events, report):
    facts, differences, compared = Facts(events), [], 0
    moment, start = moment_of(report["moment"]), day_start(report["from"])
    end = day_start(report["to"]) + DAY
    current = moment < end - 1

    def check(what, got, wanted):
        nonlocal compared
        compared += 1
        if got != wanted:
            differences.append(f"{what}: the report says {got}, the events give {wanted}")

    for row in report["rows"]:
        if "kpi" in row:
            what = f"{row['kpi']} {row['category']}"
            counts = kpi_counts(events, facts, row["kpi"], row["category"], start, end, moment, current)
            check(f"{what} counts", (row["cases"], row["good"], row["bad"], row["seconds"]), counts)
            check(f"{what} verdict", (row["value"], row["state"]), kpi_verdict(row["kpi"], row["category"], counts))
            for point in row["trend"]:
                last = point["to"] == report["to"]
                until = day_start(point["to"]) + DAY
                counts = kpi_counts(events, facts, row["kpi"], row["category"], day_start(point["from"]), until,
                                    moment if last else until - 1, current and last)
                check(f"{what} {point['from']}", (point["value"], point["state"]),
                      kpi_verdict(row["kpi"], row["category"], counts))
        else:
            check(row["metric"], (row["value"], row["level"], row["cases"]),
                  metric(events, facts, row["metric"], moment))
            for point in row["trend"]:
                at = moment if point["to"] == report["to"] else day_start(point["to"]) + DAY - 1
                value, level, _ = metric(events, facts, row["metric"], at)
                check(f"{row['metric']} {point['from']}", (point["value"], point["state"]), (value, level))
    return compared, differences


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    with open(sys.argv[2], encoding="utf-8") as file:
        report = json.load(file)
    compared, differences = compare(events, report)
    for line in differences:
        print(line)
    print(f"{compared} figures of {len(report['rows'])} rows compared, {len(differences)} differ")
    sys.exit(1 if differences or not compared else 0)


if __name__ == "__main__":
    main()
