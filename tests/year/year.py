"""The year itself: who does what on which day, by a seeded generator; rightly most of the time."""
import datetime
import glob
import json
import os
import random
import struct
import subprocess
import sys
import zlib

from clerk import Clerk
from custody import PACKAGING, PAPERS, Hospital, must_encrypt
from model import CATEGORIES, CLASSES, CREDENTIALS, DAY, ELECTRONIC, GONE, HERE, METHODS, STORAGE, TARGETS, plus

PIN = "correct horse battery"  # as in driver.c
SITES = ["HQ", "NORT", "SUR", "CLI"]
START = int(datetime.datetime(2028, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
# Names and words that people really write, and that break what takes texts for granted.
HOSTILE = ["Muñoz «el de la \"planta\" 3», O'Brien", "=HYPERLINK(\"http://evil/\",\"pulse\")", "+34 600 000 000",
           "-1+1", "@SUM(A1:A9)", "🏥💾 copia 🧬", "نسخة احتياطية من الأشعة", "עותק גיבוי – TAC", "a,b;c|d", "ﬁn – “¿qué?”",
           "Ångström Ωμέγα Ж 漢字", "<script>alert(1)</script>&amp;", "100 % s %n %s", "\\\\server\\share", "x" * 200,
           "ñ" * 200]


class Mismatch(Exception):
    pass


class Year:
    def __init__(self, driver, folder, size, seed):
        self.rng = random.Random(seed)
        self.size, self.folder = size, folder
        self.store = os.path.join(folder, "store")
        self.clerk = Clerk(driver, self.store)
        self.driver = driver
        self.model = Hospital()
        self.at = START + 7 * 3600
        self.wrong, self.counts, self.slow, self.photos, self.seal = [], {}, {}, 0, 0

    # --- one act ---

    def do(self, who, verb, **args):
        """Does it, compares with the model, and gives the answer, or None where it was refused as it should be."""
        args = {name.replace("_", "-"): value for name, value in args.items()}
        self.at += self.rng.randint(1, 90)
        self.model.at = self.at
        due = self.model.judge(who, verb, args)
        lang = self.rng.choice(["es", "en"])
        got = self.clerk.call(self.at, who, verb, args, lang=lang)
        self.note(verb, got)
        verdict = (got["status"], got["rule"])
        if got["status"] == 0:
            if due:
                self.mismatch(who, verb, args, "accepted, against %s" % due)
            try:
                self.model.done(who, verb, args, got["answer"])
            except AssertionError as e:
                self.mismatch(who, verb, args, "answer: %s" % e)
            return got["answer"] or {}
        if verdict not in due:
            self.mismatch(who, verb, args, "%s %s, not %s: %s" % (*verdict, due or "accepted", got["what"]["en"]))
        elif hasattr(self.model, "stopped_" + verb.replace(" ", "_")) and verdict == (6, "T5"):
            getattr(self.model, "stopped_" + verb.replace(" ", "_"))(who, args)
        self.read_refusal(verb, got)
        return None

    def read_refusal(self, verb, got):
        """What every refusal must tell: what is wrong in both languages, and by a rule what to do."""
        what, hint = got["what"], got["hint"]
        sound = what["es"] and what["en"] and "(null)" not in what["es"] + what["en"] + hint["es"] + hint["en"]
        if not sound or (got["rule"] and not (hint["es"] and hint["en"])):
            self.wrong.append("%s: the refusal does not tell: %s" % (verb, got))

    def mismatch(self, who, verb, args, what):
        day = datetime.datetime.fromtimestamp(self.at, datetime.timezone.utc).isoformat()
        self.wrong.append("%s %s: %s %s\n    %s" % (day, who, verb, args, what))

    def note(self, verb, got):
        key = (verb, "done" if got["status"] == 0 else "%d %s" % (got["status"], got["rule"]))
        self.counts[key] = self.counts.get(key, 0) + 1
        self.slow.setdefault(verb, []).append(got["us"])

    # --- choosing ---

    def chance(self, p):
        return self.rng.random() < p

    def anyone(self, role):
        """Somebody of that role who may act; once in a while somebody else."""
        if self.chance(0.03):
            return self.rng.choice(list(self.model.people) + ["nadie"])
        able = [n for n, p in self.model.people.items() if role in p.roles and not p.blocked]
        return self.rng.choice(able or ["sara"])

    def words(self, honest):
        return self.rng.choice(HOSTILE) if self.chance(0.05) else "y" * 201 if self.chance(0.004) else honest

    def new_seal(self):
        if self.model.seals and self.chance(0.02):
            return self.rng.choice(sorted(self.model.seals))
        self.seal += 1
        return self.rng.choice(["S-%06d", "s %06d", "PR/%06d"]) % self.seal

    def medium(self, test=lambda m: True):
        found = [m for m in self.model.media.values() if test(m)]
        return self.rng.choice(found) if found else None

    def owner_of(self, medium):
        return self.anyone("owner") if self.chance(0.04) else self.model.media[medium].owner

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(data)
        return path

    def photo(self):
        """A picture that nobody took before: one grey pixel, with a comment of its own."""
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        self.photos += 1
        data = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
                chunk(b"tEXt", b"Comment\0photo %d" % self.photos) + chunk(b"IDAT", zlib.compress(b"\0\x7f")) +
                chunk(b"IEND", b""))
        return self.file("photo-%d.png" % self.photos, data)

    # --- before the year begins ---

    def begin(self):
        got = self.clerk.call(self.at, None, "init", {
            "organisation": "Hospital Universitario «Ñ & Cía»", "site": "HQ", "category": "ALTA", "station": "mostrador-1",
            "language": "es", "admin": "sara", "admin-name": "Sara Gil Íñiguez"})
        if got["status"]:
            raise Mismatch("init: %s" % got)
        from model import Thing
        self.model.people["sara"] = Thing(roles={"security"}, blocked=False, trained="", expires="", enrolled=False)
        for role, share in (("owner", 5), ("custodian", 4), ("operator", 4), ("security", 2), ("user", 1)):
            for i in range(max(2, self.size.people * share // 40) if role != "user" else self.size.users):
                name = "%s%d" % (role[:4], i)
                full = HOSTILE[(i + share) % len(HOSTILE)] if i % 2 else "%s número %d" % (role, i)
                self.do("sara", "person add", name=name, full_name=full, roles=role)
                self.teach(name, plus("2028-01-01", self.rng.choice([400, 400, 180, 90])))
                if role in ("custodian", "operator", "security") and i < self.size.signers:
                    self.enrol(name)
        self.do("sara", "person add", name="audi", full_name="Auditora", roles="auditor", expires="2028-01-20")
        self.enrol("sara")
        self.teach("sara", "2030-01-01")
        self.places()
        self.stock()

    def enrol(self, name):
        """A PIN costs 0.2 s of scrypt by intention; a year of signatures is no test of that, so the key is sealed anew."""
        self.do("sara", "person enrol", name=name)
        for path in glob.glob(os.path.join(self.store, "people", name + "-*.key")):
            pin = "pass:" + PIN
            subprocess.run(["openssl", "pkcs8", "-topk8", "-in", path, "-passin", pin, "-out", path + ".new",
                            "-passout", pin, "-scrypt", "-scrypt_N", "2"], check=True)
            os.replace(path + ".new", path)

    def teach(self, name, until):
        """A3. Where each training is kept apart, everybody is taught all of them and nothing ends early."""
        if "person training" not in self.model.roles:
            self.do("sara", "person train", name=name, course="mp.si", until=until, hours=8)
            return
        for training in ("general", "it", "custody", "transport"):
            self.do("sara", "person train", name=name, course="mp.si", training=training, hours=8)

    def places(self):
        for site in SITES:
            for c, section in enumerate(CLASSES):
                for l, level in enumerate(CATEGORIES):
                    for p in range(self.size.positions):
                        self.do(self.anyone("custodian"), "location add", code="%s-S%02d-A%02d-E01-P%03d" % (
                            site, l + 1, c + 1, p + 1), kind=STORAGE[l], level=level, section=section,
                            capacity=self.size.capacity)
        self.do("cust0", "location add", code="HQ-S09-A01-E01-P001", kind="locked-cabinet", level="ALTA",
                section="SECRETO", capacity=1)
        self.do("cust0", "location add", code="HQ-S01-A01-E01-P001", kind="vault", level="ALTA", section="PUBLICO",
                capacity=1)

    def stock(self):
        for i in range(self.size.media):
            electronic = self.chance(0.25)
            kind = self.rng.choice(ELECTRONIC) if electronic else self.rng.choice(["tape", "optical", "paper"])
            classification = self.rng.choice(CLASSES[:2] if electronic else CLASSES)
            category = "BASICA" if electronic else self.rng.choice(CATEGORIES)
            more = {"epc": "3074257BF7194E400000%04X" % i, "tamper": "TI-%05d" % i} if category == "ALTA" else {}
            self.register(i, kind=kind, classification=classification, category=category, **more)
        for i in range(self.size.devices):
            path = os.path.join(self.folder, "disk-%d.img" % i)
            with open(path, "wb") as image:
                image.truncate(20 << 20)
            self.register(9000 + i, device=path, kind="hdd", classification="CONFIDENCIAL", category="MEDIA")
        for medium in list(self.model.media.values()):
            self.settle(medium)
            self.label(medium)

    def register(self, number, **more):
        expires = plus(self.model.today, self.rng.randint(60, 2000))
        answer = self.do("cust0", "media register", owner=self.anyone("owner"), expires=expires, retention=3650,
                         serial="SN%07d" % number, note=HOSTILE[number % 10], model="Modelo %d" % (number % 7), **more)
        if answer and more.get("device"):
            medium = self.model.media[answer["id"]]
            self.do("oper0", "encrypt run", medium=medium.id, device=more["device"], confirm=medium.id, no_fill=True)

    def settle(self, medium):
        fit = [p.code for p in self.model.places.values() if not self.model.fits(medium, p.code)]
        code = self.rng.choice(sorted(self.model.places)) if not fit or self.chance(0.04) else self.rng.choice(fit)
        self.do(self.anyone("custodian"), "media move", medium=medium.id, location=code)

    def label(self, medium):
        out = os.path.join(self.folder, "label." + self.rng.choice(["svg", "zpl", "png"]))
        self.do(self.anyone("custodian"), "label print", medium=[medium.id], out=[out])

    # --- the days ---

    def run(self):
        self.begin()
        for day in range(366):
            self.at = max(self.at + 60, START + day * DAY + 6 * 3600)
            self.day(plus("2028-01-01", day), day)
        self.nights()
        self.together()
        if "report kpi" in self.model.roles:
            self.kpis()
        self.end()
        self.clerk.close()
        return self.wrong

    def nights(self):
        """The hour that Madrid has twice, or not at all: days are UTC's, and moments are never confused."""
        for moment in ("2028-10-29T00:30:00", "2028-10-29T01:30:00"):  # 02:30 summer time, then 02:30 winter time
            at = datetime.datetime.fromisoformat(moment + "+00:00")
            for offset, hour in (("+02:00", at.hour + 2), ("+01:00", at.hour + 1)):
                local = at.strftime("2028-10-29 ") + "%02d:30" % hour
                path = self.file("hour.csv", ("fecha;lugar;temperatura\n%s;HQ-S01;20.5\n" % local).encode())
                got = self.clerk.call(self.at, "sara", "env import", {"file": path, "offset": offset})
                if got["status"]:
                    self.wrong.append("env import of %s %s: %s" % (local, offset, got["what"]["en"]))
        shown = self.look("env show", location="HQ-S01", **{"from": "2028-10-29", "to": "2028-10-29"})
        times = sorted(row["time"][:19] for row in shown.get("rows", []) if row.get("time"))
        if times != ["2028-10-29T00:30:00", "2028-10-29T01:30:00"]:
            self.wrong.append("the hour that comes twice: %s" % times)

    def together(self):
        """Two clerks, one medium: one of them gets it, and the other a clear no."""
        second = Clerk(self.driver, self.store)
        people = [n for n, p in self.model.people.items() if "user" in p.roles and not list(self.model.borrower(n))]
        for medium in [m for m in self.model.media.values() if m.state == "in-custody"][:6]:
            if not people or self.model.about(medium.id):
                continue
            args = {"medium": medium.id, "to": people[0], "reason": "a la vez", "due": plus(self.model.today, 5),
                    "location": "x"}
            lines = [(c, c.send(self.at, w, "loan request", args)) for c, w in ((self.clerk, "sara"), (second, people[0]))]
            verdicts = sorted((got["status"], got["rule"]) for got in [c.receive(line) for c, line in lines])
            if verdicts not in ([(0, ""), (7, "U3")], [(7, "U3"), (7, "U3")]):
                self.wrong.append("two clerks on %s: %s" % (medium.id, verdicts))
        second.close()

    def end(self):
        whole = self.look("ledger verify")
        replay = self.look("ledger replay")
        if not whole.get("whole") or not replay.get("live") or replay["live"] != replay["replayed"]:
            self.wrong.append("the ledger: %s, %s" % (whole, replay))

    def kpis(self):
        """K1, K2: what the reports say, against the model and against the exported events."""
        report = self.look("report kpi", **{"from": "2028-01-01"})
        model, told = self.model, {(r["kpi"], r["category"]): r for r in report["rows"]}
        for category in CATEGORIES:
            mine = [m for m in model.media.values() if m.category == category]
            used = [m for m in mine if m.state not in GONE]
            seen = [m for m in used if m.label == "valid" and not m.missing]
            ids = {m.id for m in mine}
            gone = [d.medium for d in model.destructions.values() if d.state == "executed" and d.medium in ids]
            signed = [m for m in gone if m in model.certificates and model.certificates[m].signed == 3]
            row, said = told["labelled", category], (len(used), len(seen))
            if (row["cases"], row["good"]) != said:
                self.wrong.append("labelled %s: %s, not %s" % (category, (row["cases"], row["good"]), said))
            row, said = told["destruction", category], (len(gone), len(signed))
            if (row["cases"], row["good"]) != said:
                self.wrong.append("destruction %s: %s, not %s" % (category, (row["cases"], row["good"]), said))
            late = [t for m, t in model.searches.items() if m in ids and self.at - t > TARGETS[category]]
            ended = [s for c, s in model.located if c == category]
            row, said = told["locate", category], (len(ended) + len(late), sum(s < TARGETS[category] for s in ended))
            if (row["cases"], row["good"]) != said:
                self.wrong.append("locate %s: %s, not %s" % (category, (row["cases"], row["good"]), said))
        said = sum(1 for i in model.incidents.values() if i.subject in model.shipments and i.kind != "review")
        if sum(told["transport", c]["bad"] for c in CATEGORIES) != said:
            self.wrong.append("transport: not %d incidents" % said)
        events = os.path.join(self.folder, "events.jsonl")
        self.look("ledger export", out=events)
        check = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli", "kpi_check.py")
        for answer in (report, self.look("report metrics")):
            path = self.file("report.json", json.dumps(answer).encode())
            done = subprocess.run([sys.executable, check, events, path], capture_output=True, text=True)
            if done.returncode:
                self.wrong.append("kpi_check.py: %s%s" % (done.stdout[-800:], done.stderr[-800:]))

    def day(self, date, day):
        share = self.size.loans / 366
        for _ in range(int(share) + self.chance(share - int(share))):
            self.ask_for_loan(date)
        for loan in list(self.model.loans.values()):
            self.go_on_with_loan(loan, date)
        if self.chance(self.size.shipments / 366):
            self.send(date)
        for shipment in list(self.model.shipments.values()):
            self.go_on_with_shipment(shipment)
        for act, yearly in self.size.acts:
            for _ in range(int(yearly / 366) + self.chance(yearly / 366 % 1)):
                getattr(self, act)(date)
        self.close_incidents()
        if day % 90 == 80 and "person training" in self.model.roles:
            for name in self.model.people:
                self.teach(name, None)
        for medium in self.model.media.values():
            if medium.encrypted and medium.rekeyed + 84 * DAY < self.at and medium.state == "in-custody" and self.chance(0.15):
                self.do(self.anyone("operator"), "encrypt rotate", medium=medium.id, device=medium.device, kind="volume")
        if day % 60 == 59:
            self.compare()

    # --- loans ---

    def ask_for_loan(self, date):
        medium = self.medium(lambda m: m.state == "in-custody" and not self.model.about(m.id) and not any(
            x.medium == m.id and x.state in ("requested", "approved", "out") for x in self.model.loans.values()))
        if not medium or self.chance(0.05):
            medium = self.medium()
        people = list(self.model.people)
        if not self.chance(0.02):
            people.remove(medium.owner)
        due = plus(date, self.rng.choice([-1, 0, 1, 3, 7, 14, 30])) if not self.chance(0.005) else "2029-02-29"
        if "2028-02-20" < date < "2028-02-29":
            due = "2028-02-29"
        who = self.rng.choice(people)
        self.do(who, "loan request", medium=medium.id if not self.chance(0.01) else "HQ99999999X",
                to=self.rng.choice(people) if not self.chance(0.01) else "fantasma", reason=self.words("consulta"), due=due,
                location=self.words("CPD")[:120])

    def go_on_with_loan(self, loan, date):
        if loan.state == "requested" and self.chance(0.8):
            verb = "loan refuse" if self.chance(0.06) else "loan approve"
            more = {"reason": self.words("no procede")} if verb == "loan refuse" else {}
            if self.do(self.owner_of(loan.medium), verb, loan=loan.id, **more) is None and self.chance(0.3):
                self.do(self.model.media[loan.medium].owner, "loan refuse", loan=loan.id, reason="se retira")
        elif loan.state == "approved" and self.chance(0.85):
            self.hand_over(loan)
        elif loan.state == "out" and (loan.due <= date or self.chance(0.15)):
            if loan.due <= date and self.chance(0.25):
                self.do(self.owner_of(loan.medium), "loan extend", loan=loan.id, reason="sigue en uso",
                        due=plus(date, self.rng.choice([0, 3, 7, 10, 20])))
            elif not self.chance(0.2):
                self.take_back(loan)

    def hand_over(self, loan):
        medium = self.model.media[loan.medium]
        more = {}
        if CLASSES.index(medium.classification) >= 2 and not self.chance(0.05):
            more["supervisor"] = self.anyone("operator") if not self.chance(0.05) else loan.borrower
        if medium.device and not self.chance(0.05):
            more["device"] = medium.device
        done = self.do(self.anyone("custodian"), "loan out", loan=loan.id, seal=self.new_seal(), **more)
        if done is not None:
            loan.handed = self.at
        elif self.chance(0.4):
            self.do(medium.owner, "loan refuse", loan=loan.id, reason="no se entregó")

    def take_back(self, loan):
        medium = self.model.media[loan.medium]
        more = {"seal": loan.seal} if not self.chance(0.02) else {"seal": "OTRO123"} if self.chance(0.5) else {"no-seal": True}
        if loan.digest:
            more.update({"device": medium.device} if not self.chance(0.05) else {"unreadable": True})
        self.do(self.anyone("custodian"), "loan in", loan=loan.id, condition=self.words("sin daños"), **more)
        if self.chance(0.02):
            self.do(self.anyone("custodian"), "loan in", loan=loan.id, condition="otra vez", seal=loan.seal)

    # --- transport ---

    def send(self, date):
        free = [m for m in self.model.media.values() if m.state == "in-custody" and not self.model.about(m.id) and
                not self.model.live_shipment(m.id) and (not must_encrypt(m) or m.encrypted)]
        if not free:
            return
        if "route add" in self.model.roles:  # ALTA then goes by registered routes and couriers: not a clerk's choice
            free = [m for m in free if m.category != "ALTA"] or free[:1]
        chosen = self.rng.sample(free, min(len(free), self.rng.choice([1, 1, 2, 4])))
        least = max(CATEGORIES.index(m.category) for m in chosen)
        recipients = [n for n, p in self.model.people.items() if p.enrolled and not p.blocked]
        more = {"international": True} if self.chance(0.1) and "route add" not in self.model.roles else {}
        if more and self.chance(0.7):
            more["documents"] = self.words("DUA 2028-1, cláusulas tipo")
        if self.chance(0.08):
            more["emergency"] = "quirófano 3"
        self.do(self.anyone("custodian"), "ship create", **{"from": "Madrid"}, to=self.words("Toledo")[:120],
                recipient=self.rng.choice(recipients), media=[m.id for m in chosen], limit=self.rng.choice([24, 48, 240]),
                method=METHODS[max(0, least - self.chance(0.1))], route="A-42", reason=self.words("copia fuera de sede"), **more)

    def go_on_with_shipment(self, shipment):
        """As far as it comes today; once in a while out of order."""
        verbs = {"created": self.pack, "packed": self.authorise, "authorised": self.dispatch, "dispatched": self.pick_up,
                 "picked-up": self.track, "in-transit": self.deliver, "delivered": self.confirm}
        steps = self.rng.choice([1, 2, 3, 7])
        while shipment.state in verbs and steps and not self.chance(0.06):
            before = shipment.state
            (self.rng.choice(list(verbs.values())) if self.chance(0.03) else verbs[before])(shipment)
            steps = steps - 1 if shipment.state != before or self.chance(0.1) else 0  # a no is a no until tomorrow
        if shipment.state in verbs and self.chance(0.01):
            self.do(self.anyone("user"), "ship lost", shipment=shipment.id, circumstances=self.words("robo"))

    def pack(self, shipment):
        media = [self.model.media[m] for m in shipment.media]
        for medium in media:
            if medium.label != "valid" and self.chance(0.9):
                self.label(medium)
        levels = list(PACKAGING) if not self.chance(0.05) else PACKAGING[:4]
        seals = [self.new_seal() for _ in range(self.rng.choice([1, 2]))]
        devices = ["%s=%s" % (m.id, m.device) for m in media if m.device]
        self.do(self.anyone("custodian"), "ship pack", shipment=shipment.id, level=levels, seal=seals,
                label_checked=True, **({"device": devices} if devices else {}))

    def authorise(self, shipment):
        for owner in sorted(shipment.owners):
            self.do(self.anyone("security") if self.chance(0.1) else owner, "ship authorise", shipment=shipment.id)

    def seen(self, shipment, p=0.02):
        seals = sorted(shipment.seals) or ["NINGUNO"]
        more = {"seal": seals if not self.chance(p) else ["OTRO99"]}
        for indicator in ("shock", "tilt", "temperature"):
            if self.chance(0.5):
                more[indicator] = "tripped" if self.chance(0.01) else "ok"
        return more

    def signer(self, role):
        return self.rng.choice([n for n, p in self.model.people.items() if p.enrolled and role in p.roles] or ["sara"])

    def dispatch(self, shipment):
        media = [self.model.media[m] for m in shipment.media]
        if any(self.at - shipment.packed > DAY or m.rekeyed > shipment.packed for m in media) and self.chance(0.7):
            self.pack(shipment)
            return
        self.do(self.signer("custodian"), "ship dispatch", shipment=shipment.id, place="Madrid", **self.seen(shipment, 0.03))

    def pick_up(self, shipment):
        self.do(self.signer("custodian"), "ship pickup", shipment=shipment.id, company=self.words("Mensajería")[:120],
                courier="MC-7781", waybill="ES-1", **self.seen(shipment))

    def track(self, shipment):
        more = {"position": "40.1,-3.9"} if not self.chance(0.1) else {}
        if "route add" in self.model.roles:
            more["sign"] = True
        self.do(self.signer("custodian"), "ship track", shipment=shipment.id, event=self.words("en ruta"), **more)

    def deliver(self, shipment):
        who = shipment.recipient if not self.chance(0.05) else self.signer("custodian")
        self.do(who, "ship deliver", shipment=shipment.id, place=self.words("Toledo")[:120], **self.seen(shipment))

    def confirm(self, shipment):
        media = [m for m in shipment.media if not self.chance(0.02)] or shipment.media
        who = shipment.recipient if not self.chance(0.1) else self.signer("custodian")
        gone = [m for m in shipment.media if m not in media] if "ship cancel" in self.model.roles else []
        self.do(who, "ship confirm", shipment=shipment.id, media=media, **({"missing": gone} if gone else {}))
        for name in media:
            medium = self.model.media[name]
            if medium.state == "in-custody" and not medium.location:
                self.settle(medium)

    # --- the rest of the house ---

    def visit(self, date):
        place = self.rng.choice(list(self.model.places.values()))
        area = self.rng.choice([place.code, place.code[:-9], place.code[:-5]])
        people = list(self.model.people)
        asked = self.do(self.rng.choice(people), "access request", area=area if not self.chance(0.02) else "ZZ-S01",
                        reason=self.words("aire acondicionado"), **{"for": self.rng.choice(people)},
                        until=plus(date, self.rng.choice([0, 1, 7, 30, 31])))
        if asked is None:
            return
        access = self.model.accesses[asked["access"]]
        owners = [m.owner for m in self.model.media.values() if (m.location + "-").startswith(area + "-")]
        self.do(self.rng.choice(owners) if owners else self.anyone("owner"), "access approve", access=access.id)
        if access.state != "approved":
            return
        more = {"supervisor": self.anyone("custodian")} if not self.chance(0.1) else {}
        if more and more["supervisor"] not in self.model.people:
            more = {}
        least = CATEGORIES.index(access.level)
        self.do(self.anyone("custodian"), "access enter", access=access.id, credential=CREDENTIALS[
            max(0, least - self.chance(0.05))], paper="H-%d" % self.at, **more)
        if access.state == "inside" or self.chance(0.1):
            self.do(self.anyone("custodian"), "access leave", access=access.id, **(
                {"paper": "H-%d" % self.at} if not self.chance(0.03) else {}))

    def take_stock(self, date):
        site = self.rng.choice(SITES)
        area = self.rng.choice([site, "%s-S%02d" % (site, self.rng.randint(1, 3))])
        who = self.anyone("custodian")
        started = self.do(who, "stocktake start", area=area)
        if started is None:
            return
        name = started["stocktake"]
        if self.chance(0.2):
            self.do(who, "stocktake start", area=site)
        for code in sorted(p.code for p in self.model.holds(area)):
            media = [m.id for m in self.model.media.values() if m.location == code and not self.chance(0.01)]
            stray = self.medium()
            texts = [code] + media + ([stray.id] if self.chance(0.02) else []) + (media[:1] if self.chance(0.05) else [])
            if self.chance(0.02):
                texts.append("NO ES NADA %d" % self.rng.randint(1, 9))
            if len(texts) > 1:
                self.do(who, "stocktake scan", stocktake=name, text=texts)
        self.do(who, "stocktake finish", stocktake=name)

    def look_for(self, date):
        medium = self.medium()
        if self.do(self.anyone("user"), "media locate", medium=medium.id) is None:
            return
        if self.chance(0.1):
            self.do(self.anyone("user"), "media locate", medium=medium.id)
        self.at += self.rng.choice([60, 300, 599, 600, 1200, 1799, 1800, 3000, 3600, 7200])
        self.do(self.anyone("user"), "media scan", text=medium.id if not self.chance(0.02) else "nada de eso")

    def reclassify(self, date):
        medium = self.medium()
        who = medium.owner if self.chance(0.7) else self.anyone("custodian")
        wanted = self.rng.choice(CLASSES[:2] if medium.kind in ELECTRONIC and not medium.encrypted else CLASSES)
        more = {"classification": wanted} if not self.chance(0.2) else {}
        if self.chance(0.1):
            more["owner"] = self.rng.choice(list(self.model.people))
        if self.chance(0.2):
            more["expires"] = plus(date, self.rng.choice([-1, 0, 1, 900]))
        self.do(who, "media classify", medium=medium.id, reason=self.words("revisión"), **more)
        if medium.state in HERE:
            self.settle(medium)

    def reprint(self, date):
        medium = self.medium()
        out = os.path.join(self.folder, "label.svg")
        if self.chance(0.2):
            self.do(medium.owner, "label void", medium=medium.id, reason=self.words("se despegó"))
        if self.do(self.anyone("user"), "label reprint", medium=[medium.id], reason="repetida", out=[out]) is None:
            self.label(medium)

    def mishap(self, date):
        media = [m.id for m in self.rng.sample(list(self.model.media.values()), self.rng.choice([0, 1, 2]))]
        self.do(self.anyone("user"), "incident open", kind=self.rng.choice(["damage", "other", "access", "breach"]),
                what=self.words("se cayó")[:100], **({"media": media} if media else {}))

    def close_incidents(self):
        for incident in [i for i in self.model.incidents.values() if i.open]:
            if self.chance(0.25):
                more = {"assessment": "notificada"} if incident.kind == "breach" and not self.chance(0.2) else {}
                self.do(self.anyone("security"), "incident close", incident=incident.id, resolution=self.words("resuelta"), **more)

    def train(self, date):
        if "person training" in self.model.roles:
            return
        name = self.rng.choice(list(self.model.people))
        self.do(self.anyone("security"), "person train", name=name, course="mp.si", hours=2,
                until=plus(date, self.rng.choice([20, 180, 365])))
        for name, person in self.model.people.items():
            if person.trained and person.trained < date and self.chance(0.5):
                self.do("sara", "person train", name=name, course="mp.si", hours=2, until=plus(date, 180))

    def block(self, date):
        name = self.rng.choice([n for n in self.model.people if n != "sara"])
        verb = "person unblock" if self.model.people[name].blocked else "person block"
        self.do(self.anyone("security"), verb, name=name, reason=self.words("baja"))
        for name, person in self.model.people.items():
            if person.blocked and self.chance(0.5):
                self.do("sara", "person unblock", name=name, reason="vuelve")

    def auditor(self, date):
        self.do("audi", "media list", limit=20)
        self.do("audi", "loan request", medium=self.medium().id, to="audi", reason="x", due=date, location="x")

    def provider(self, date):
        name = "prov%d" % self.rng.randint(0, 2)
        if name not in self.model.providers or self.chance(0.05):
            self.do(self.anyone("security"), "provider add", provider=name, full_name=self.words("Destruye S.A."),
                    tax_id="A1234567")
        paper = self.file("paper.pdf", b"%PDF-1.4 " + str(self.at).encode())
        for kind in PAPERS:
            if not self.chance(0.1):
                self.do(self.anyone("security"), "provider document", provider=name, kind=kind, reference="R-1",
                        issued=date, expires=plus(date, self.rng.choice([30, 200, 365])), file=paper)

    def destroy(self, date):
        medium = self.medium(lambda m: m.state in HERE and not m.device) or self.medium()
        method = "incinerate" if medium.classification == "SECRETO" and not self.chance(0.2) else self.rng.choice(
            ["shred", "disintegrate", "incinerate", "melt"])
        asked = self.do(self.anyone("operator"), "destroy request", medium=[medium.id], method=method,
                        reason=self.words("fin de la conservación"))
        if asked is None:
            return
        name = asked["destruction"]
        if self.chance(0.05):
            self.do(medium.owner, "destroy refuse", destruction=name, reason="se conserva")
        self.do(self.owner_of(medium.id), "destroy approve", destruction=name)
        more = {"remains": self.rng.choice(["0.4", "1.9", "2.5"])} if method in ("shred", "disintegrate") else {}
        if self.chance(0.3):
            more["provider"] = "prov%d" % self.rng.randint(0, 3)
        if not self.chance(0.1):
            more.update(fragments=5, report=self.file("report.txt", b"nothing left %d" % self.photos))
        seen = medium.serial if not self.chance(0.05) else "SN-OTRO"
        self.do(self.signer("operator"), "destroy execute", destruction=name, supervisor=self.signer(
            self.rng.choice(["custodian", "security"])), seen=[seen], before=[self.photo()], after=[self.photo()],
            equipment="D-500", place="sótano", complete=True, confirm=medium.id, **more)
        if medium.state == "destroyed":
            self.certify(medium)

    def certify(self, medium):
        if len(self.model.certificates) >= self.size.certificates:
            return
        self.do(self.signer("operator"), "certificate issue", medium=[medium.id])
        destruction = next(d for d in self.model.destructions.values() if d.medium == medium.id and d.state == "executed")
        if self.chance(0.2):
            self.do(destruction.executor, "certificate sign", certificate=medium.id, role="supervisor")
        for role, who in (("executor", destruction.executor), ("supervisor", destruction.supervisor), ("seal", "sara")):
            self.do(who, "certificate sign", certificate=medium.id, role=role)

    # --- is the program where the model is? ---

    def look(self, verb, **args):
        got = self.clerk.call(self.at, "sara", verb, args)
        if got["status"]:
            self.wrong.append("%s %s: %s" % (verb, args, got["what"]["en"]))
        return got["answer"] or {}

    def compare(self):
        for medium in self.model.media.values():
            row = self.look("media show", medium=medium.id)
            told = [row.get(k) for k in ("state", "holder", "label_state", "classification", "owner")]
            said = [medium.state, medium.holder, medium.label, medium.classification, medium.owner]
            if medium.state not in GONE:  # where it was last
                told.append(row["location"])
                said.append(medium.location)
            if told != said:
                self.wrong.append("media show %s: %s, not %s" % (medium.id, told, said))
        told = {row["loan"]: row["state"] for row in self.look("loan list").get("rows", [])}
        if told != {x.id: x.state for x in self.model.loans.values()}:
            self.wrong.append("loan list is not the model's")
        told = {row["id"] for row in self.look("incident list", open=True).get("rows", [])}
        said = {i.id for i in self.model.incidents.values() if i.open}
        if told != said:
            self.wrong.append("incidents open: %s" % sorted(told ^ said))
