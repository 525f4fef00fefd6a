"""A hospital for the guides: a store with its people and places on a day that is always the same, and disks made of files."""
import datetime
import os
import re
import shutil
import subprocess

# A Monday, so that what a guide says of days is true whenever it is run.
FIRST_DAY = datetime.datetime(2027, 3, 1, 8, 0, tzinfo=datetime.timezone.utc)

# Where a station has its store; the guides say so.
STORE = "/var/lib/mpsi/store"

PEOPLE = (
    # name, full name, title, roles, trainings
    ("marta", "Marta Gil Soler", "Jefa de Diagnóstico por Imagen", "owner", ("general",)),
    ("carlos", "Carlos Peña Ortiz", "Custodio de soportes", "custodian", ("general", "custody", "transport")),
    ("ana", "Ana Muñoz Díaz", "Técnica de sistemas", "operator", ("general", "it")),
    ("luis", "Luis Ferrer Costa", "Técnico de sistemas", "operator", ("general", "it")),
    ("irene", "Irene Sanz Rubio", "Adjunta de seguridad", "security", ("general",)),
    ("uli", "Ulises Mora Vidal", "Radiólogo", "user", ("general",)),
)

# Whose PIN may be asked for: theirs, and of who comes in the course of a guide.
SIGNERS = ("elena", "nuria", *(person[0] for person in PEOPLE))

PLACES = (
    ("HQ-S03-A12-E04-P001", "fire-cabinet", "MEDIA", "INTERNO", 40),
    ("HQ-S03-A12-E04-P002", "fire-cabinet", "MEDIA", "INTERNO", 40),
    ("HQ-S03-A12-E05-P001", "fire-cabinet", "MEDIA", "CONFIDENCIAL", 40),
)


class Hospital:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.days = 0
        self.disks, self.small = {}, []
        self.background = []
        self.preload = subprocess.run(["faketime", "-f", "+0s", "printenv", "LD_PRELOAD"], capture_output=True, text=True,
                                      check=True).stdout.strip()
        self.cards = {}
        self.offset = int((FIRST_DAY - datetime.datetime.now(datetime.timezone.utc)).total_seconds())
        os.makedirs(folder, mode=0o700, exist_ok=True)

    @classmethod
    def copied(cls, made, folder):
        shutil.copytree(made.folder, folder)
        copy = cls(made.program, folder)
        copy.offset, copy.cards = made.offset, dict(made.cards)
        return copy

    @property
    def store(self):
        return os.path.join(self.folder, "store")

    def start(self, who, words):
        """An act that goes on by itself."""
        self.background.append(subprocess.Popen(self.command(who, words), cwd=self.work(), env=self.environment(),
                                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def close(self):
        for process in self.background:
            process.wait()
        for node in self.disks.values():
            subprocess.run(["blockdev", "--setrw", node], check=False)
            subprocess.run(["losetup", "--detach", node], check=False)
        for folder in self.small:
            subprocess.run(["umount", folder], check=False)

    def environment(self):
        return dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1", TZ="UTC")

    def clock(self):
        """The hospital's clock: this machine's, moved by whole seconds, so that it goes on from one act to the next. The
        library without its wrapper, which leaves semaphores named by numbers of processes, and fails where one is there."""
        return ["env", "LD_PRELOAD=" + self.preload, f"FAKETIME={self.offset + self.days * 86400:+d}s", "FAKETIME_DISABLE_SHM=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "ASAN_OPTIONS=verify_asan_link_order=0"]

    def command(self, who, words):
        line = [*self.clock(), self.program, "--store", self.store, "--lang", "es"]
        if words[:1] != ["init"]:
            line += ["--as", who]
        secret = os.path.join(self.folder, "secret")
        for purpose in ("master", "new-master", "organisation", "recovery", *(f"pin:{person}" for person in SIGNERS)):
            line += ["--secret", f"{purpose}=file:{secret}"]
        return line + words

    def act(self, who, *words):
        """What a person's act answers: exit status, and both outputs as a terminal would show them."""
        done = subprocess.run(self.command(who, list(words)), cwd=self.work(), env=self.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def must(self, who, *words):
        status, text = self.act(who, *words)
        if status != 0:
            raise RuntimeError(f"{who}: mpsi {' '.join(words)} (exit {status})\n{text}")
        return text

    def work(self):
        folder = os.path.join(self.folder, "work")
        os.makedirs(folder, exist_ok=True)
        return folder

    def found(self):
        secret = os.path.join(self.folder, "secret")
        with open(os.open(secret, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write("una-frase-bastante-larga\n")
        self.must("elena", "init", "--organisation", "Hospital Universitario de Ejemplo", "--site", "HQ", "--category", "MEDIA",
                  "--station", "mostrador-1", "--language", "es", "--admin", "elena", "--admin-name", "Elena Ruiz Vega",
                  "--admin-title", "Administradora de seguridad")
        for name, full, title, roles, trainings in PEOPLE:
            self.must("elena", "person", "add", name, "--full-name", full, "--title", title, "--roles", roles)
            self.must("elena", "person", "enrol", name)
            for training in trainings:
                self.must("elena", "person", "train", name, "--course", "Protección de soportes", "--training", training)
        for place, kind, level, section, capacity in PLACES:
            self.must("carlos", "location", "add", place, "--kind", kind, "--level", level, "--section", section, "--capacity",
                      str(capacity))
        self.print_cards("uli", "luis", "ana")

    def print_cards(self, *names):
        """Cards for the counter; what a scanner would read on each is kept for the guides' screens."""
        self.must("elena", "person", "card", *names, "--out", "tarjetas.pdf")
        work = self.work()
        subprocess.run(["pdftoppm", "-r", "150", "-png", "tarjetas.pdf", "tarjetas"], cwd=work, check=True)
        pages = sorted(name for name in os.listdir(work) if re.fullmatch(r"tarjetas.*\.png", name))
        texts = subprocess.run(["zbarimg", "-q", "--raw", *pages], cwd=work, capture_output=True, text=True, check=True).stdout
        for number, name in enumerate(names, 1):
            self.cards[name] = next(line for line in texts.split() if line.startswith(f"K{number:06d}"))
        for name in [*pages, "tarjetas.pdf"]:
            os.unlink(os.path.join(work, name))

    def plug(self, name, size, room=None):
        """A disk that the guide calls NAME: a loop device on an image of its own. What is beyond its ROOM can't be written."""
        image = os.path.join(self.folder, os.path.basename(name) + ".img")
        if room:
            self.small.append(image + ".room")
            os.mkdir(self.small[-1])
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", self.small[-1]], check=True)
            image = os.path.join(self.small[-1], "image")
        subprocess.run(["truncate", "-s", size, image], check=True)
        self.disks[name] = subprocess.run(["losetup", "--find", "--show", image], capture_output=True, text=True,
                                          check=True).stdout.strip()
        subprocess.run(["blockdev", "--setrw", self.disks[name]], check=True)

    def real(self, text):
        for name, node in self.disks.items():
            text = re.sub(re.escape(name) + r"\b", node, text)
        return text.replace(STORE, self.store)

    def told(self, text):
        """As a reader's machine would say it: the name of the disk is the guide's, columns stay where they are."""
        for name, node in self.disks.items():
            wider = " " * (len(node) - len(name))
            text = re.sub(re.escape(node) + r"\b(?=  | HQ)", name + wider, text)
            text = re.sub(re.escape(node) + r"\b", name, text)
        return text.replace(self.work() + "/", "").replace(self.store, STORE)
