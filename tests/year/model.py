"""What each act should lead to, written from the requirements and not from the program.

A verb has two functions here: judge_… yields every (exit status, rule) by which the act is to be refused, and done_…
changes the model's state as an accepted act changes the hospital's. An act that breaks two rules may be refused by
either of them; one that breaks none has to be accepted.
"""
import datetime
import os

CLASSES = ["PUBLICO", "INTERNO", "CONFIDENCIAL", "SECRETO"]
CATEGORIES = ["BASICA", "MEDIA", "ALTA"]
ELECTRONIC = ("hdd", "ssd")
STORAGE = ["locked-cabinet", "fire-cabinet", "vault"]
METHODS = ["standard-courier", "certified-courier", "secure-transport"]
CREDENTIALS = ["key", "electronic-lock", "biometric-card"]
EXTENSIONS = {"BASICA": (3, 30), "MEDIA": (2, 15), "ALTA": (1, 7)}
TARGETS = {"BASICA": 3600, "MEDIA": 1800, "ALTA": 600}
HERE = ("in-custody", "sanitized", "unsanitized")
GONE = ("destroyed", "retired")
DAY = 86400


def date_of(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d")


def plus(date, days):
    return (datetime.date.fromisoformat(date) + datetime.timedelta(days)).isoformat()


def days_between(a, b):
    return (datetime.date.fromisoformat(b) - datetime.date.fromisoformat(a)).days


def strictest(items, order):
    return max(items, key=order.index)


class Thing:
    """A record with whatever members it is given."""

    def __init__(self, **members):
        self.__dict__.update(members)


def load_roles():
    """tests/data/verb-roles.txt: who may do what, by hand."""
    letters = {"O": "owner", "C": "custodian", "P": "operator", "S": "security", "U": "user", "A": "auditor"}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "verb-roles.txt")
    table = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.split()
            if len(words) > 6 and not line.startswith("#"):
                table[" ".join(words[:-6])] = {letters[w] for w in words[-6:] if w in letters}
    return table


class Accounts:
    """People, and who may act at all."""

    def __init__(self):
        self.at = 0
        self.roles = load_roles()
        self.people = {}

    @property
    def today(self):
        return date_of(self.at)

    def admission(self, who, verb):
        person = self.people.get(who)
        if person is None:
            return [(3, "X1")]
        if person.blocked or (person.expires and person.expires < self.today):
            return [(3, "X4")]
        if not person.roles & self.roles[verb]:
            return [(3, "X1"), (3, "A4")] if "auditor" in person.roles else [(3, "X1")]
        return []

    def judge(self, who, verb, args):
        found = self.admission(who, verb)
        if not found:
            found = list(self.usage(verb, args))
        if not found:
            found = list(getattr(self, "judge_" + verb.replace(" ", "_").replace("-", "_"))(who, args))
        return found

    def done(self, who, verb, args, answer):
        getattr(self, "done_" + verb.replace(" ", "_").replace("-", "_"))(who, args, answer)

    LONGEST = {"reason": 200, "note": 200, "condition": 200, "what": 200, "resolution": 1000, "route": 200,
               "event": 200, "circumstances": 200}
    LONGEST_OF = {("destroy request", "reason"): 300, ("person add", "full-name"): 64, ("provider add", "full-name"): 120}

    def usage(self, verb, args):
        for name, text in args.items():
            if isinstance(text, str) and len(text) > self.LONGEST_OF.get((verb, name), self.LONGEST.get(name, 10000)):
                yield (2, "")
        for name in ("due", "expires", "until", "planned"):
            try:
                if args.get(name):
                    datetime.date.fromisoformat(args[name])
            except ValueError:
                yield (2, "")
        for name in ("to", "owner", "recipient", "supervisor", "for", "name"):
            if name in args and verb not in ("person add", "ship create") or name == "recipient" and name in args:
                if args[name] not in self.people:
                    yield (4, "")

    def unfit(self, name):
        """X4, U4: an account that gets nothing, or training that is over."""
        person = self.people[name]
        if person.blocked or (person.expires and person.expires < self.today):
            yield (5, "X4")
        if person.trained and person.trained < self.today:
            yield (5, "U4")

    def judge_person_add(self, who, a):
        if a["name"] in self.people:
            yield (7, "")
        roles = a["roles"].split(",")
        if "auditor" in roles:
            if len(roles) > 1 or not a.get("expires") or a["expires"] > plus(self.today, 30):
                yield (5, "A4")

    def done_person_add(self, who, a, answer):
        self.people[a["name"]] = Thing(roles=set(a["roles"].split(",")), blocked=False, trained="",
                                       expires=a.get("expires", ""), enrolled=False)

    def judge_person_train(self, who, a):
        return ()

    def done_person_train(self, who, a, answer):
        self.people[a["name"]].trained = a.get("until", "")

    def judge_person_enrol(self, who, a):
        return ()

    def done_person_enrol(self, who, a, answer):
        self.people[a["name"]].enrolled = True

    def judge_person_block(self, who, a):
        if a["name"] == who:
            yield (3, "X1")

    def done_person_block(self, who, a, answer):
        self.people[a["name"]].blocked = True

    judge_person_unblock = judge_person_block

    def done_person_unblock(self, who, a, answer):
        self.people[a["name"]].blocked = False

    def judge_person_revoke(self, who, a):
        if a["name"] == who:
            yield (3, "X1")

    def done_person_revoke(self, who, a, answer):
        self.people[a["name"]].roles -= set(a["roles"].split(","))


class Registry(Accounts):
    """Media, places, labels, incidents, searches."""

    def __init__(self):
        super().__init__()
        self.media, self.places, self.incidents, self.searches, self.seals = {}, {}, {}, {}, set()
        self.destructions = {}
        self.located = []  # (category, seconds) of each search that ended

    def medium(self, name):
        return self.media.get(name)

    def about(self, subject):
        return [i for i in self.incidents.values() if i.open and (i.subject == subject or subject in i.media)]

    def doomed(self, medium):
        """S12: its destruction is approved and not done."""
        if any(d.medium == medium and d.state == "approved" for d in self.destructions.values()):
            yield (7, "S12")

    def open_incident(self, kind, subject, media):
        name = "N%06d" % (len(self.incidents) + 1)
        self.incidents[name] = Thing(id=name, kind=kind, subject=subject, media=list(media), open=True, at=self.at)
        return name

    def occupied(self, code):
        return sum(1 for m in self.media.values() if m.location == code)

    def fits(self, medium, code, coming=1):
        """U1, U2."""
        place = self.places.get(code)
        if place is None:
            return [(4, ""), (4, "U2")]
        found = []
        if CATEGORIES.index(place.level) < CATEGORIES.index(medium.category):
            found.append((5, "U1"))
        if place.section != medium.classification:
            found.append((5, "U2"))
        if self.occupied(code) - (medium.location == code) + coming > place.capacity:
            found.append((5, "U2"))
        return found

    def judge_location_add(self, who, a):
        if a["code"] in self.places:
            yield (7, "")
        if STORAGE.index(a["kind"]) < CATEGORIES.index(a["level"]):
            yield (5, "U1")

    def done_location_add(self, who, a, answer):
        self.places[a["code"]] = Thing(code=a["code"], level=a["level"], section=a["section"], capacity=a["capacity"])

    def owner_fit(self, name):
        person = self.people[name]
        if "owner" not in person.roles:
            yield (5, "L1")
        if person.blocked or (person.expires and person.expires < self.today):
            yield (5, "X4")

    def judge_media_register(self, who, a):
        if a.get("health") and CLASSES.index(a["classification"]) < 2:
            yield (5, "L4")
        yield from self.owner_fit(a["owner"])
        if a["expires"] <= self.today:
            yield (5, "L1")
        if a.get("serial") and any(m.serial == a["serial"] for m in self.media.values()):
            yield (7, "")

    def done_media_register(self, who, a, answer):
        self.media[answer["id"]] = Thing(
            id=answer["id"], kind=a.get("kind", "hdd"), classification=a["classification"], category=a["category"],
            owner=a["owner"], health=bool(a.get("health")), state="in-custody", location="", holder="", label="none",
            epc=a.get("epc", ""), tamper=a.get("tamper", ""), serial=a.get("serial", ""), device=a.get("device"),
            encrypted=False, rekeyed=0, missing=False, expires=a["expires"])

    def judge_media_move(self, who, a):
        medium = self.medium(a["medium"])
        if medium is None:
            return [(4, "")]
        if medium.state not in HERE or medium.location == a["location"]:
            return [(7, "")]
        return self.fits(medium, a["location"])

    def done_media_move(self, who, a, answer):
        medium = self.medium(a["medium"])
        medium.location, medium.missing = a["location"], False

    def judge_media_classify(self, who, a):
        medium = self.medium(a["medium"])
        if medium is None:
            yield (4, "")
            return
        wanted = a.get("classification", medium.classification)
        if CLASSES.index(wanted) < CLASSES.index(medium.classification) and who != medium.owner:
            yield (3, "L4")
        if who != medium.owner and not self.people[who].roles & {"custodian", "security"}:
            yield (3, "X1")
        if a.get("owner") == who != medium.owner:
            yield (3, "X1")
        if all(a.get(k, getattr(medium, k)) == getattr(medium, k) for k in ("classification", "owner", "expires")):
            if medium.health or not a.get("health"):
                yield (7, "")
        if a.get("expires") and a["expires"] <= self.today:
            yield (5, "L1")
        if (a.get("health") or medium.health) and CLASSES.index(wanted) < 2:
            yield (5, "L4")
        if a.get("owner"):
            yield from self.owner_fit(a["owner"])
        if medium.state in GONE:
            yield (7, "")

    def done_media_classify(self, who, a, answer):
        medium = self.medium(a["medium"])
        medium.classification = a.get("classification", medium.classification)
        medium.owner = a.get("owner", medium.owner)
        medium.health |= bool(a.get("health"))
        medium.expires = a.get("expires", medium.expires)
        medium.label = "void" if medium.label == "valid" else medium.label

    def judge_media_retire(self, who, a):
        if self.medium(a["medium"]).state not in ("sanitized", "destroyed"):
            yield (5, "S5")
        yield from self.doomed(a["medium"])

    def done_media_retire(self, who, a, answer):
        medium = self.medium(a["medium"])
        medium.state, medium.holder, medium.location = "retired", "", ""

    def judge_media_locate(self, who, a):
        medium = self.medium(a["medium"])
        if medium.state in GONE:
            yield (7, "")
        if a["medium"] in self.searches:
            yield (7, "U8")

    def done_media_locate(self, who, a, answer):
        self.searches[a["medium"]] = self.at

    def judge_media_scan(self, who, a):
        if self.medium(a["text"]) is None:
            yield (4, "")

    def search_ended(self, medium):
        started = self.searches.pop(medium.id, None)
        if started is not None:
            self.located.append((medium.category, self.at - started))
        return started

    def done_media_scan(self, who, a, answer):
        medium = self.medium(a["text"])
        started = self.search_ended(medium)
        if (answer.get("seconds") is not None) != (started is not None):
            raise AssertionError("search of %s: %s" % (medium.id, answer))
        if started is not None and self.at - started - answer["seconds"] not in (0, 1):  # it cuts the last second
            raise AssertionError("search of %s took %s, not %s" % (medium.id, answer["seconds"], self.at - started))
        medium.missing = False

    def judge_label_print(self, who, a):
        for name in a["medium"]:
            medium = self.medium(name)
            if medium.state in GONE:
                yield (7, "")
            if medium.category == "ALTA" and not (medium.epc and medium.tamper):
                yield (5, "L2")

    def done_label_print(self, who, a, answer):
        for name in a["medium"]:
            self.medium(name).label = "valid"

    def judge_label_reprint(self, who, a):
        for name in a["medium"]:
            medium = self.medium(name)
            if medium.state in GONE:
                yield (7, "")
            if medium.label != "valid":
                yield (5, "L10")

    def done_label_reprint(self, who, a, answer):
        pass

    def judge_label_void(self, who, a):
        if self.medium(a["medium"]).label != "valid":
            yield (7, "")

    def done_label_void(self, who, a, answer):
        self.medium(a["medium"]).label = "void"

    def judge_incident_open(self, who, a):
        return ()

    def done_incident_open(self, who, a, answer):
        media = a.get("media", [])
        self.open_incident(a["kind"], a.get("about") or (media[0] if len(media) == 1 else ""), media)

    def judge_incident_note(self, who, a):
        if a["incident"] not in self.incidents:
            yield (4, "")
        elif not self.incidents[a["incident"]].open:
            yield (7, "")

    def done_incident_note(self, who, a, answer):
        pass

    def judge_incident_close(self, who, a):
        yield from self.judge_incident_note(who, a)
        incident = self.incidents.get(a["incident"])
        if incident and incident.kind == "breach" and not a.get("assessment"):
            yield (5, "U9")

    def done_incident_close(self, who, a, answer):
        self.incidents[a["incident"]].open = False

    def judge_env_record(self, who, a):
        return ()

    def done_env_record(self, who, a, answer):
        pass

    def judge_media_list(self, who, a):
        return ()

    def done_media_list(self, who, a, answer):
        pass

    def judge_encrypt_run(self, who, a):
        return ()

    def done_encrypt_run(self, who, a, answer):
        medium = self.medium(a["medium"])
        medium.encrypted, medium.rekeyed = True, self.at

    def key_overdue(self, medium):
        """C5: a volume key lives 90 days, to the moment."""
        return medium.encrypted and medium.rekeyed + 90 * DAY <= self.at

    def judge_encrypt_rotate(self, who, a):
        if not self.medium(a["medium"]).encrypted:
            yield (5, "C2")

    def done_encrypt_rotate(self, who, a, answer):
        self.medium(a["medium"]).rekeyed = self.at
