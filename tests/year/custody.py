"""The model of custody, transport and destruction; see model.py for how to read it."""
from model import (CATEGORIES, CLASSES, CREDENTIALS, DAY, ELECTRONIC, EXTENSIONS, GONE, HERE, METHODS, Registry, Thing,
                   days_between, plus, strictest)

PACKAGING = ["encrypted-medium", "antistatic-bag", "foam", "rigid-container", "security-seal", "outer-pack"]
PAPERS = ["iso27001", "en15713", "insurance", "transport", "certificates"]
# What is accepted for destroying each kind at SECRETO; below it any cutting method is.
DESTRUCTION = {"hdd": {"shred", "disintegrate", "incinerate", "melt"}, "ssd": {"shred", "disintegrate", "incinerate", "melt"},
               "tape": {"shred", "disintegrate", "incinerate"}, "optical": {"shred", "disintegrate", "incinerate"},
               "paper": {"shred", "disintegrate", "incinerate"}}


def plain_seal(text):
    return "".join(c for c in text.upper() if c.isalnum() and c.isascii())


def must_encrypt(medium):
    return CLASSES.index(medium.classification) >= 2 or (medium.category != "BASICA" and medium.kind in ELECTRONIC)


class Custody(Registry):
    def __init__(self):
        super().__init__()
        self.loans, self.accesses, self.stocktakes = {}, {}, {}

    # --- loans (U3, U4) ---

    def borrower(self, name):
        yield from self.unfit(name)
        if any(x.borrower == name and x.state == "out" and x.due < self.today for x in self.loans.values()):
            yield (5, "U4")

    def loan(self, name, states):
        """The loan and what is wrong with it."""
        loan = self.loans.get(name)
        if loan is None:
            return None, [(4, "")]
        return loan, [] if loan.state in states else [(7, "U3")]

    def judge_loan_request(self, who, a):
        medium = self.medium(a["medium"])
        if medium is None:
            yield (4, "")
            return
        if medium.state != "in-custody":
            yield (7, "U3")
        if self.about(medium.id):
            yield (7, "U9")
        yield from self.doomed(medium.id)
        if any(x.medium == medium.id and x.state in ("requested", "approved", "out") for x in self.loans.values()):
            yield (7, "U3")
        if a["due"] < self.today:
            yield (5, "U4")
        yield from self.borrower(a["to"])

    def done_loan_request(self, who, a, answer):
        name = "P%06d" % (len(self.loans) + 1)
        assert answer["loan"] == name, answer
        self.loans[name] = Thing(id=name, medium=a["medium"], borrower=a["to"], requester=who, due=a["due"],
                                 state="requested", extensions=0, seal=None, digest=False, late=False)

    def decider(self, who, loan):
        if self.medium(loan.medium).owner != who:
            yield (3, "U3")
        if who in (loan.requester, loan.borrower):
            yield (3, "X1")

    def judge_loan_approve(self, who, a):
        loan, found = self.loan(a["loan"], ("requested",))
        return found or list(self.decider(who, loan)) + list(self.doomed(loan.medium))

    def done_loan_approve(self, who, a, answer):
        self.loans[a["loan"]].state = "approved"

    def judge_loan_refuse(self, who, a):
        loan, found = self.loan(a["loan"], ("requested", "approved"))
        return found or [v for v in self.decider(who, loan) if v == (3, "U3")]

    def done_loan_refuse(self, who, a, answer):
        self.loans[a["loan"]].state = "refused"

    def new_seal(self, text):
        plain = plain_seal(text)
        if not 3 <= len(plain) <= 20:
            yield (2, "T5")
        elif plain in self.seals:
            yield (5, "T5")

    def judge_loan_out(self, who, a):
        loan, found = self.loan(a["loan"], ("approved",))
        if found:
            yield from found
            return
        medium = self.medium(loan.medium)
        yield from self.new_seal(a["seal"])
        if medium.state != "in-custody":
            yield (7, "U3")
        if self.about(medium.id):
            yield (7, "U9")
        yield from self.doomed(medium.id)
        if who == loan.borrower or a.get("supervisor") in (who, loan.borrower):
            yield (3, "X1")
        if CLASSES.index(medium.classification) >= 2 and not a.get("supervisor"):
            yield (5, "U3")
        if a.get("supervisor"):
            yield from self.unfit(a["supervisor"])
        yield from self.borrower(loan.borrower)
        if loan.due < self.today:
            yield (5, "U4")
        needs = medium.kind in ELECTRONIC and (medium.category != "BASICA" or medium.encrypted)
        if needs and not a.get("device"):
            yield (5, "U3")
        if needs and a.get("device") and not medium.encrypted:
            yield (5, "C3")
        if needs and a.get("device") and self.key_overdue(medium):
            yield (5, "C5")
        if a.get("device") and a["device"] != medium.device:
            yield (5, "S6")

    def done_loan_out(self, who, a, answer):
        loan = self.loans[a["loan"]]
        medium = self.medium(loan.medium)
        loan.state, loan.seal, loan.digest = "out", plain_seal(a["seal"]), bool(a.get("device")) and medium.encrypted
        self.seals.add(loan.seal)
        medium.state, medium.holder, medium.missing = "on-loan", loan.borrower, False

    def judge_loan_in(self, who, a):
        loan, found = self.loan(a["loan"], ("out",))
        if found:
            yield from found
            return
        if loan.digest and not a.get("device") and not a.get("unreadable"):
            yield (5, "U3")
        if not a.get("seal") and not a.get("no-seal"):
            yield (2, "")
        if a.get("seal") and not 3 <= len(plain_seal(a["seal"])) <= 20:
            yield (2, "T5")

    def done_loan_in(self, who, a, answer):
        loan = self.loans[a["loan"]]
        medium = self.medium(loan.medium)
        seal = "" if a.get("no-seal") else plain_seal(a.get("seal", ""))
        loan.late = loan.due < self.today
        loan.state, medium.state, medium.holder = "returned", "in-custody", ""
        changed = seal != loan.seal or bool(loan.digest and a.get("unreadable"))
        loan.intact = not changed
        if changed:
            kind = "header" if loan.digest and a.get("unreadable") else "seal"
            self.open_incident(kind, loan.id, [medium.id])
        if bool(answer.get("incident")) != changed or answer["late"] != loan.late:
            raise AssertionError("return of %s: %s" % (loan.id, answer))

    def judge_loan_extend(self, who, a):
        loan, found = self.loan(a["loan"], ("out",))
        if found:
            yield from found
            return
        yield from self.decider(who, loan)
        yield from self.doomed(loan.medium)
        times, most = EXTENSIONS[self.medium(loan.medium).category]
        if a["due"] <= loan.due or a["due"] < self.today or loan.extensions >= times:
            yield (5, "U4")
        if days_between(max(loan.due, self.today), a["due"]) > most:
            yield (5, "U4")

    def done_loan_extend(self, who, a, answer):
        loan = self.loans[a["loan"]]
        loan.due, loan.extensions = a["due"], loan.extensions + 1

    # --- access (U3, U7) ---

    def holds(self, area):
        return [p for p in self.places.values() if p.code == area or p.code.startswith(area + "-")]

    def judge_access_request(self, who, a):
        if not self.holds(a["area"]):
            yield (4, "")
        yield from self.unfit(a.get("for", who))
        until = a.get("until", plus(self.today, 7))
        if not self.today <= until <= plus(self.today, 30):
            yield (5, "U3")

    def done_access_request(self, who, a, answer):
        name = "A%06d" % (len(self.accesses) + 1)
        places = self.holds(a["area"])
        assert answer["access"] == name, answer
        self.accesses[name] = Thing(
            id=name, person=a.get("for", who), requester=who, area=a["area"], state="requested",
            until=a.get("until", plus(self.today, 7)), section=strictest([p.section for p in places], CLASSES),
            level=strictest([p.level for p in places], CATEGORIES))

    def access(self, name, states):
        access = self.accesses.get(name)
        if access is None:
            return None, [(4, "")]
        return access, [] if access.state in states else [(7, "U7")]

    def judge_access_approve(self, who, a):
        access, found = self.access(a["access"], ("requested",))
        if found:
            yield from found
            return
        kept = [m.owner for m in self.media.values()
                if m.location == access.area or m.location.startswith(access.area + "-")]
        if kept and who not in kept:
            yield (3, "U3")
        if who in (access.requester, access.person):
            yield (3, "X1")

    def done_access_approve(self, who, a, answer):
        self.accesses[a["access"]].state = "approved"

    def judge_access_enter(self, who, a):
        access, found = self.access(a["access"], ("approved",))
        if found:
            yield from found
            return
        yield from self.unfit(access.person)
        if a.get("supervisor"):
            yield from self.unfit(a["supervisor"])
        if access.until < self.today:
            yield (5, "U3")
        if CREDENTIALS.index(a["credential"]) < CATEGORIES.index(access.level):
            yield (5, "U1")
        if not a.get("paper"):
            yield (5, "U3")
        if who == access.person or a.get("supervisor") == access.person:
            yield (3, "X1")
        two = access.section == "SECRETO" or access.level == "ALTA"
        if (two or access.section == "CONFIDENCIAL") and not a.get("supervisor"):
            yield (5, "U3")
        if two and a.get("supervisor") == who:
            yield (3, "X1")

    def done_access_enter(self, who, a, answer):
        self.accesses[a["access"]].state = "inside"

    def judge_access_leave(self, who, a):
        access, found = self.access(a["access"], ("inside",))
        if found:
            yield from found
            return
        if who == access.person:
            yield (3, "X1")
        if not a.get("paper"):
            yield (5, "U3")

    def done_access_leave(self, who, a, answer):
        self.accesses[a["access"]].state = "left"

    # --- stocktakes (U6) ---

    def judge_stocktake_start(self, who, a):
        if not self.holds(a["area"]):
            yield (4, "")
        for other in self.stocktakes.values():
            if other.open and (other.area + "-").startswith(a["area"] + "-"):
                yield (7, "U6")
            elif other.open and (a["area"] + "-").startswith(other.area + "-"):
                yield (7, "U6")

    def done_stocktake_start(self, who, a, answer):
        name = "R%06d" % (len(self.stocktakes) + 1)
        assert answer["stocktake"] == name, answer
        self.stocktakes[name] = Thing(id=name, area=a["area"], open=True, seen={}, unknown=set(), here={})

    def judge_stocktake_scan(self, who, a):
        stocktake = self.stocktakes.get(a["stocktake"])
        if stocktake is None:
            yield (4, "")
        elif not stocktake.open:
            yield (7, "U6")
        elif a["text"][0] not in self.places and who not in stocktake.here:
            yield (7, "U6")
            yield (5, "U6")
            yield (2, "U6")

    def done_stocktake_scan(self, who, a, answer):
        stocktake = self.stocktakes[a["stocktake"]]
        said = []
        for text in a["text"]:
            if text in self.places:
                stocktake.here[who] = text
                said.append("location")
                continue
            medium, here = self.medium(text), stocktake.here[who]
            if medium is None:
                stocktake.unknown.add((text, here))
                said.append("unknown")
                continue
            self.search_ended(medium)
            medium.missing = False
            if stocktake.seen.get(medium.id) == here:
                said.append("duplicate")
            elif medium.state not in HERE:
                said.append("unexpected")
            else:
                said.append("found" if medium.location == here else "misplaced")
            stocktake.seen[medium.id] = here
        told = [row["result"] for row in answer["rows"]]
        if told != said:
            raise AssertionError("scans of %s: %s instead of %s" % (stocktake.id, told, said))

    def judge_stocktake_finish(self, who, a):
        stocktake = self.stocktakes.get(a["stocktake"])
        if stocktake is None:
            yield (4, "")
        elif not stocktake.open:
            yield (7, "U6")

    def done_stocktake_finish(self, who, a, answer):
        stocktake = self.stocktakes[a["stocktake"]]
        stocktake.open = False
        expected = [m for m in self.media.values() if m.state in HERE and
                    (m.location + "-").startswith(stocktake.area + "-")]
        missing = [m for m in expected if m.id not in stocktake.seen]
        fresh = [m.id for m in missing if not m.missing]
        for medium in missing:
            medium.missing = True
        if fresh:
            self.open_incident("not-located", stocktake.id, fresh)
        told = [answer[k] for k in ("expected", "found", "missing", "misplaced", "unknown")]
        found = sum(1 for m in expected if stocktake.seen.get(m.id) == m.location)
        astray = sum(1 for m, here in stocktake.seen.items() if self.medium(m).location != here)
        said = [len(expected), found, len(missing), astray, len(stocktake.unknown)]
        if told != said:
            raise AssertionError("%s: %s instead of %s" % (stocktake.id, told, said))


class Hospital(Custody):
    def __init__(self):
        super().__init__()
        self.shipments, self.providers, self.certificates = {}, {}, {}

    # --- transport (T1 to T7) ---

    def judge_ship_create(self, who, a):
        media = [self.medium(m) for m in a["media"]]
        if len(set(a["media"])) < len(media):
            yield (2, "")
        for medium in media:
            if medium.state != "in-custody":
                yield (7, "T2")
            if self.about(medium.id):
                yield (7, "U9")
            if self.live_shipment(medium.id):
                yield (7, "T2")
            yield from self.doomed(medium.id)
        yield from self.addressee(a["recipient"])
        if METHODS.index(a["method"]) < max(CATEGORIES.index(m.category) for m in media):
            yield (5, "T1")
        if a.get("international") and not a.get("documents"):
            yield (5, "T6")

    def addressee(self, name):
        """X4: who is to sign the delivery may act."""
        person = self.people.get(name)
        if person and (person.blocked or (person.expires and person.expires < self.today)):
            yield (5, "X4")

    def live_shipment(self, medium):
        return any(medium in s.media and s.state not in ("confirmed", "lost") for s in self.shipments.values())

    def done_ship_create(self, who, a, answer):
        name = "E%06d" % (len(self.shipments) + 1)
        assert answer["shipment"] == name, answer
        self.shipments[name] = Thing(
            id=name, media=a["media"], owners={self.medium(m).owner for m in a["media"]}, recipient=a["recipient"],
            method=a["method"], limit=a["limit"], creator=who, state="created", seals=set(), emergency=a.get("emergency"),
            authorised=set(), packed=0, looked=set(), dispatched=0, international=a.get("international"))

    def shipment(self, name, states, rule):
        shipment = self.shipments.get(name)
        if shipment is None:
            return None, [(4, "")]
        return shipment, [] if shipment.state in states else [(7, rule)]

    def judge_ship_pack(self, who, a):
        shipment, found = self.shipment(a["shipment"], ("created", "packed", "authorised"), "T4")
        if found:
            yield from found
            return
        devices = dict(d.split("=", 1) for d in a.get("device", []))
        for medium in map(self.medium, shipment.media):
            if medium.label != "valid":
                yield (5, "T2")
            if self.about(medium.id):
                yield (7, "U9")
            yield from self.doomed(medium.id)
            if must_encrypt(medium) and medium.kind in ELECTRONIC and medium.id not in devices:
                yield (5, "T2")
            if must_encrypt(medium) and not medium.encrypted:
                yield (5, "T7")
            if self.key_overdue(medium):
                yield (5, "C5")
        media = [self.medium(m) for m in shipment.media]
        needed = set(PACKAGING)
        if not any(m.kind in ELECTRONIC for m in media):
            needed.discard("antistatic-bag")
        if not any(map(must_encrypt, media)):
            needed.discard("encrypted-medium")
        if needed - set(a["level"]):
            yield (5, "T2")
        if len({plain_seal(s) for s in a["seal"]}) < len(a["seal"]):
            yield (2, "")
        for seal in a["seal"]:
            yield from self.new_seal(seal)

    def done_ship_pack(self, who, a, answer):
        shipment = self.shipments[a["shipment"]]
        shipment.state, shipment.authorised, shipment.packed = "packed", set(), self.at
        shipment.looked = {d.split("=", 1)[0] for d in a.get("device", [])}
        shipment.seals = {plain_seal(s) for s in a["seal"]}
        self.seals |= shipment.seals

    def judge_ship_authorise(self, who, a):
        shipment, found = self.shipment(a["shipment"], ("packed",), "T3")
        if found:
            yield from found
            return
        stands_in = "security" in self.people[who].roles and shipment.emergency
        if who not in shipment.owners and not stands_in:
            yield (3, "T3")
        if who == shipment.creator:
            yield (3, "X1")
        if who in shipment.owners and who in shipment.authorised:
            yield (7, "")
        for medium in shipment.media:
            yield from self.doomed(medium)

    def done_ship_authorise(self, who, a, answer):
        shipment = self.shipments[a["shipment"]]
        if who in shipment.owners:
            shipment.authorised.add(who)
        else:
            shipment.authorised |= shipment.owners
            if "ship review" not in self.roles:  # which is an act of its own then
                self.open_incident("review", "", [])
        if shipment.authorised >= shipment.owners:
            shipment.state = "authorised"
        if answer["state"] != shipment.state:
            raise AssertionError("%s is %s" % (shipment.id, answer["state"]))

    def unsigned(self, who):
        return [] if self.people[who].enrolled else [(7, "T4"), (7, ""), (5, "T4")]

    def judge_ship_dispatch(self, who, a):
        shipment, found = self.shipment(a["shipment"], ("authorised",), "T4")
        if found:
            yield from found
            return
        if self.about(shipment.id):
            yield (7, "T5")
        yield from self.addressee(shipment.recipient)
        for medium in map(self.medium, shipment.media):
            yield from self.doomed(medium.id)
            if medium.state != "in-custody":
                yield (7, "T2")
            if medium.label != "valid":
                yield (5, "T2")
            if self.about(medium.id):
                yield (7, "U9")
            if must_encrypt(medium) and not medium.encrypted:
                yield (5, "T7")
            if must_encrypt(medium) and self.at - shipment.packed > DAY:
                yield (5, "T2")
            if any(x.medium == medium.id and getattr(x, "handed", 0) > shipment.packed for x in self.loans.values()):
                yield (7, "T2")
            if medium.id in shipment.looked and medium.rekeyed > shipment.packed:
                yield (7, "T2")  # what was looked at is not what would leave
        if METHODS.index(shipment.method) < max(CATEGORIES.index(self.medium(m).category) for m in shipment.media):
            yield (5, "T1")
        yield from self.unsigned(who)
        if {plain_seal(s) for s in a["seal"]} != shipment.seals or self.tripped(a):
            yield (6, "T5")

    def done_ship_dispatch(self, who, a, answer):
        shipment = self.shipments[a["shipment"]]
        shipment.state, shipment.dispatched = "dispatched", self.at
        for medium in map(self.medium, shipment.media):
            medium.state, medium.location, medium.holder, medium.missing = "in-transit", "", shipment.id, False

    def stopped_ship_dispatch(self, who, a):
        """Other seals or a tripped indicator at the origin: it stays, and incidents are open."""
        self.watch(self.shipments[a["shipment"]], a)

    def tripped(self, a):
        return [i for i in ("shock", "tilt", "temperature") if a.get(i) == "tripped"]

    def watch(self, shipment, a):
        if a.get("seal") and {plain_seal(s) for s in a["seal"]} != shipment.seals:
            self.open_incident("seal", shipment.id, shipment.media)
        for _ in self.tripped(a):
            self.open_incident("indicator", shipment.id, shipment.media)

    def checkpoint(self, who, a, states):
        shipment, found = self.shipment(a["shipment"], states, "T4")
        if not found and self.about(shipment.id):
            found = [(7, "T5")]
        return shipment, found or self.unsigned(who)

    def judge_ship_pickup(self, who, a):
        return self.checkpoint(who, a, ("dispatched",))[1]

    def done_ship_pickup(self, who, a, answer):
        self.shipments[a["shipment"]].state = "picked-up"
        self.watch(self.shipments[a["shipment"]], a)

    def judge_ship_track(self, who, a):
        shipment, found = self.shipment(a["shipment"], ("picked-up", "in-transit"), "T4")
        yield from found
        if shipment and shipment.method == "secure-transport" and not a.get("position"):
            yield (5, "T1")

    def done_ship_track(self, who, a, answer):
        self.shipments[a["shipment"]].state = "in-transit"
        self.watch(self.shipments[a["shipment"]], a)

    def judge_ship_deliver(self, who, a):
        shipment, found = self.checkpoint(who, a, ("in-transit",))
        yield from found
        if shipment and who != shipment.recipient:
            yield (3, "T4")

    def done_ship_deliver(self, who, a, answer):
        shipment = self.shipments[a["shipment"]]
        shipment.state, shipment.delivered = "delivered", self.at
        self.watch(shipment, a)
        if self.at - shipment.dispatched > shipment.limit * 3600:
            self.open_incident("late", shipment.id, shipment.media)

    def judge_ship_confirm(self, who, a):
        shipment, found = self.checkpoint(who, a, ("delivered",))
        yield from found
        if not shipment:
            return
        if who != shipment.recipient and "custodian" not in self.people[who].roles:
            yield (3, "T4")
        if set(a["media"]) - set(shipment.media):
            yield (7, "")
        if a.get("location"):
            for medium in a["media"]:
                yield from self.fits(self.medium(medium), a["location"], len(a["media"]))

    def done_ship_confirm(self, who, a, answer):
        shipment = self.shipments[a["shipment"]]
        shipment.state = "confirmed"
        missing = [m for m in shipment.media if m not in a["media"]]
        for medium in map(self.medium, shipment.media):
            lost = medium.id in missing
            medium.state, medium.holder = ("lost", shipment.id) if lost else ("in-custody", "")
            medium.location, medium.missing = "" if lost else a.get("location", ""), lost
        if missing:
            self.open_incident("breach", shipment.id, missing)

    def judge_ship_lost(self, who, a):
        return self.shipment(a["shipment"], ("dispatched", "picked-up", "in-transit", "delivered"), "T4")[1]

    def done_ship_lost(self, who, a, answer):
        shipment = self.shipments[a["shipment"]]
        shipment.state = "lost"
        for medium in map(self.medium, shipment.media):
            medium.state, medium.holder, medium.location, medium.missing = "lost", shipment.id, "", True
        self.open_incident("breach", shipment.id, shipment.media)

    # --- destruction (S1, S8, S10, S11) ---

    def destroyable(self, medium, method):
        if method not in DESTRUCTION[medium.kind]:
            yield (5, "S1")
        if medium.classification == "SECRETO" and medium.kind in ("tape", "optical") and method != "incinerate":
            yield (5, "S1")

    def judge_destroy_request(self, who, a):
        if a.get("planned") and a["planned"] < self.today:
            yield (2, "")
        for medium in map(self.medium, a["medium"]):
            if medium.state not in HERE:
                yield (7, "S8")
            if medium.owner == who:
                yield (3, "X1")
            if any(d.medium == medium.id and d.state != "refused" for d in self.destructions.values()):
                yield (7, "S8")
            yield from self.destroyable(medium, a["method"])

    def done_destroy_request(self, who, a, answer):
        for medium in a["medium"]:
            name = "D%06d" % (len(self.destructions) + 1)
            self.destructions[name] = Thing(id=name, medium=medium, method=a["method"], requester=who, state="requested",
                                            requested=self.at)
        assert answer["destruction"] == name, answer

    def judge_destroy_approve(self, who, a):
        destruction = self.destructions.get(a["destruction"])
        if destruction is None:
            return [(4, "")]
        found = [] if destruction.state == "requested" else [(7, "S8")]
        if self.medium(destruction.medium).owner != who:
            found.append((3, "S8"))
        if destruction.requester == who:
            found.append((3, "X1"))
        return found

    def judge_destroy_refuse(self, who, a):
        """Until it is done an owner may take an approval back."""
        destruction = self.destructions.get(a["destruction"])
        if destruction is None or destruction.state != "approved":
            return self.judge_destroy_approve(who, a)
        return [] if self.medium(destruction.medium).owner == who else [(3, "S8")]

    def done_destroy_approve(self, who, a, answer):
        self.destructions[a["destruction"]].state = "approved"
        self.destructions[a["destruction"]].approver = who

    def done_destroy_refuse(self, who, a, answer):
        self.destructions[a["destruction"]].state = "refused"

    def papers(self, name):
        """S11."""
        provider = self.providers.get(name)
        if provider is None:
            return [(4, "")]
        sound = not provider.withdrawn and all(provider.papers.get(p, "") >= self.today for p in PAPERS)
        return [] if sound else [(5, "S11")]

    def judge_destroy_execute(self, who, a):
        destruction = self.destructions.get(a["destruction"])
        if destruction is None or destruction.state != "approved":
            yield (7, "S8") if destruction else (4, "")
            return
        medium = self.medium(destruction.medium)
        supervisor = self.people[a["supervisor"]]
        if medium.state not in HERE:
            yield (7, "S8")
        if a["supervisor"] == who or destruction.approver == who:
            yield (3, "X1")
        if not supervisor.roles & {"security", "custodian"}:
            yield (3, "S8")
        if supervisor.blocked or (supervisor.expires and supervisor.expires < self.today):
            yield (3, "X4")
        if not supervisor.enrolled:
            yield (7, "")
        yield from self.destroyable(medium, destruction.method)
        if a.get("provider"):
            yield from self.papers(a["provider"])
        most = {"shred": 1.99, "disintegrate": 0.49}.get(destruction.method)
        if medium.kind == "paper" and destruction.method == "shred":
            most = {"PUBLICO": 2000, "INTERNO": 320, "CONFIDENCIAL": 160, "SECRETO": 5}[medium.classification]
        if most is None and a.get("remains"):
            yield (2, "")
        if most is not None and (not a.get("remains") or float(a["remains"]) > most):
            yield (5, "S10")
        if a["seen"] != [medium.serial or medium.id]:
            yield (5, "S8")
        if CLASSES.index(medium.classification) >= 2 and not (a.get("report") and (most is None or a.get("fragments"))):
            yield (5, "S4")
        if a["before"] == a["after"]:
            yield (5, "S8")

    def done_destroy_execute(self, who, a, answer):
        destruction = self.destructions[a["destruction"]]
        medium = self.medium(destruction.medium)
        destruction.state, destruction.executed = "executed", self.at
        destruction.executor, destruction.supervisor = who, a["supervisor"]
        medium.state, medium.holder, medium.location = "destroyed", "", ""

    def judge_provider_add(self, who, a):
        if a["provider"] in self.providers:
            yield (7, "")

    def done_provider_add(self, who, a, answer):
        self.providers[a["provider"]] = Thing(papers={}, withdrawn=False)

    def judge_provider_document(self, who, a):
        if a["provider"] not in self.providers:
            yield (4, "")
        if a["expires"] < a["issued"]:
            yield (2, "")

    def done_provider_document(self, who, a, answer):
        self.providers[a["provider"]].papers[a["kind"]] = a["expires"]

    def judge_provider_withdraw(self, who, a):
        if a["provider"] not in self.providers:
            yield (4, "")

    def done_provider_withdraw(self, who, a, answer):
        self.providers[a["provider"]].withdrawn = True

    def judge_certificate_issue(self, who, a):
        for medium in map(self.medium, a["medium"]):
            if medium.state not in ("destroyed", "sanitized") and not any(
                    d.medium == medium.id and d.state == "executed" for d in self.destructions.values()):
                yield (7, "S8")
                yield (5, "S8")
                yield (5, "S9")
                yield (7, "S9")
            if medium.id in self.certificates:
                yield (7, "S9")

    def done_certificate_issue(self, who, a, answer):
        year = self.today[:4]
        ordinal = sum(1 for c in self.certificates.values() if c.number[3:7] == year) + 1
        number = "HQ-%s-%06d" % (year, ordinal)
        assert answer["number"] == number, answer["number"]
        for medium in a["medium"]:
            self.certificates[medium] = Thing(number=number, signed=0)

    def judge_certificate_sign(self, who, a):
        certificate = self.certificates[a["certificate"]]
        destruction = next(d for d in self.destructions.values() if d.medium == a["certificate"] and d.state == "executed")
        order = ["executor", "supervisor", "seal"]
        if certificate.signed > 2 or order[certificate.signed] != a["role"]:
            yield (7, "S9")
        if a["role"] == "seal" and "security" not in self.people[who].roles:
            yield (3, "X1")
        elif a["role"] != "seal" and getattr(destruction, a["role"]) != who:
            yield (3, "X1")

    def done_certificate_sign(self, who, a, answer):
        self.certificates[a["certificate"]].signed += 1
