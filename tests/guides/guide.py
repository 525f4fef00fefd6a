"""A guide is its own test. Besides text it holds

    ```console           lines `$ mpsi …` that the guide's person types, and what the program answers; `…` stands for
    ```console 5         anything. A number is the exit status of the block's last command. `ayuda`: only the words of the
                         command are held against its help, because it needs hardware that a test has not
    `mpsi …`             in a line of text: its words are held against the help

and, in comments that a reader does not see:

    <!-- persona carlos -->                  whose guide it is
    <!-- disco /dev/sdb 64M [40M] -->        a new disk [of which no more can be written]
    <!-- fondo ana wipe batch … -->          an act that goes on by itself, only where pictures are taken
    <!-- fichero informe.txt antes.png -->   files of the house: a text, or a picture of a colour of its own
    <!-- paquete paquete.tar -->            is verified as the guide says, without mpsi
    <!-- días 8 -->                          time passes
    <!-- mientras                            what others do meanwhile, one act a line; `!` before one that may be refused
    marta loan approve P000001 -->
    <!-- foto etiqueta.pdf custodio-etiqueta 80 [página] -->   a form that was written, as a picture of so many dots an inch
    <!-- pantalla carlos 80x24 counter       a terminal: the steps of screen.py, one a line
    espera AYUDA -->
    <!-- pantalla-foto …                     the same, only where pictures are taken
"""
import os
import re
import shlex
import subprocess
import zlib

from screen import Screen, take_page

FENCE = re.compile(r"^```console ?(.*)$")
TIME = re.compile(r"(?<!\d)\d\d:\d\d(:\d\d(\.\d+)?)?(?!\d)")
# What is new in each run: digests, and the UUID of a header.
DIGEST = re.compile(r"\b([0-9a-f]{16,}|[0-9A-F]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\b…?")


class GuideError(Exception):
    pass


class Guide:
    def __init__(self, path, hospital):
        self.path, self.hospital = path, hospital
        self.images = os.path.join(os.path.dirname(path), "img")
        self.person, self.problems, self.helps = None, [], {}
        self.ran = self.taken = 0
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().split("\n")

    def run(self, write, pictures):
        self.pictures, out, i = pictures, [], 0
        while i < len(self.lines):
            self.at, line = i + 1, self.lines[i]
            if FENCE.match(line):
                end = self.lines.index("```", i)
                out += [line, *self.block(FENCE.match(line).group(1), self.lines[i + 1:end]), "```"]
                i = end + 1
            elif line.startswith("<!-- "):
                end = next(n for n in range(i, len(self.lines)) if self.lines[n].endswith("-->"))
                self.comment("\n".join(self.lines[i:end + 1])[5:-3].strip())
                out += self.lines[i:end + 1]
                i = end + 1
            else:
                self.prose(line)
                out.append(line)
                i += 1
        if write and out != self.lines:
            with open(self.path, "w", encoding="utf-8") as file:
                file.write("\n".join(out))
            self.problems = [problem for problem in self.problems if "answers" not in problem]

    def wrong(self, what):
        self.problems.append(f"{self.at}: {what}")

    # --- what the reader sees ---------------------------------------------------------------------------------------

    def block(self, info, lines):
        """Runs a block's commands; gives back its lines as they should be."""
        out, commands = [], []
        for line in lines:
            if line.startswith("$ "):
                commands.append([line, []])
            elif commands and commands[-1][0].endswith("\\"):
                commands[-1][0] += "\n" + line
            elif commands:
                commands[-1][1].append(line)
            else:
                self.wrong("a block begins with a command")
        for number, (line, expected) in enumerate(commands):
            words = shlex.split(line[2:].replace("\\\n", " "), comments=True)
            if words[0] != "mpsi":
                self.wrong(f"not a command of mpsi: {line}")
            if info == "ayuda":
                self.known(words[1:])
                out += [line, *expected]
                continue
            status = int(info or 0) if number == len(commands) - 1 else 0
            out += [*line.split("\n"), *self.command(words[1:], expected, status)]
        return out

    def command(self, words, expected, status):
        self.ran += 1
        got, text = self.hospital.act(self.person, *[self.hospital.real(word) for word in words])
        answer = self.hospital.told(text).rstrip("\n").split("\n") if text.strip() else []
        answer = [DIGEST.sub("…", line.rstrip()) for line in answer]
        if got != status:
            self.wrong(f"mpsi {shlex.join(words)}: exit status {got} instead of {status}\n" + "\n".join(answer))
        if same(expected, answer):
            return expected
        self.wrong(f"mpsi {shlex.join(words)} answers\n" + "\n".join(answer) + "\nand not\n" + "\n".join(expected))
        return answer

    def prose(self, line):
        for words in re.findall(r"`mpsi ([^`]+)`", line):
            self.known(shlex.split(words))
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", line):
            if not os.path.exists(os.path.join(os.path.dirname(self.path), link)):
                self.wrong(f"leads nowhere: {link}")

    def known(self, words):
        """The verb exists, and has the options."""
        if words == ["rules"]:  # made from the table, like the manual; it has no help
            return
        verb = words[:1] if words[0] in ("init", "counter", "doctor") and words[1:2] != ["sheet"] else words[:2]
        if tuple(verb) not in self.helps:
            done = subprocess.run([self.hospital.program, "--lang", "es", *verb, "--help"], capture_output=True, text=True, check=False)
            self.helps[tuple(verb)] = done.stdout if done.returncode == 0 else ""
        text = self.helps[tuple(verb)]
        if not text:
            self.wrong(f"there is no such verb: mpsi {' '.join(verb)}")
        for word in words:
            if word.startswith("--") and not re.search(re.escape(word) + r"\b", text + "--json --lang --dry-run --help"):
                self.wrong(f"mpsi {' '.join(verb)} has no {word}")

    # --- what the reader does not see -----------------------------------------------------------------------------------

    def comment(self, text):
        head, *lines = text.split("\n")
        what, *words = head.split()
        if what == "persona":
            self.person = words[0]
        elif what == "disco":
            self.hospital.plug(*words)
        elif what == "fichero":
            for name in words:
                self.file(name)
        elif what == "paquete":
            self.pack(words[0])
        elif what == "días":
            self.hospital.days += int(words[0])
        elif what == "mientras":
            for line in lines:
                self.meanwhile(line)
        elif what == "fondo":
            if self.pictures:
                self.hospital.start(words[0], shlex.split(self.hospital.real(" ".join(words[1:]))))
        elif what == "foto":
            self.page(*words)
        elif what == "pantalla" or (what == "pantalla-foto" and self.pictures):
            self.screen(words, lines)
        elif what == "pantalla-foto":
            pass
        else:
            raise GuideError(f"{self.path}:{self.at}: {head}")

    def pack(self, name):
        lines = f"tar xf {name} && sh mpsi-pack/verify.sh {shlex.quote(os.path.join(self.hospital.store, 'org', 'ca.crt'))}"
        done = subprocess.run([*self.hospital.clock(), "sh", "-c", lines], cwd=self.hospital.work(),
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.wrong(f"the pack: exit status {done.returncode}\n{done.stdout}{done.stderr}")

    def file(self, name):
        path = os.path.join(self.hospital.work(), name)
        if name.endswith(".png"):
            colour = f"#{zlib.crc32(name.encode()) & 0xffffff:06x}"
            subprocess.run(["convert", "-size", "24x16", f"xc:{colour}", path], check=True)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"{name}: doce fragmentos tomados al azar; ninguno conserva información recuperable.\n")

    def meanwhile(self, line):
        may_fail, line = line.startswith("!"), line.lstrip("!")
        who, *words = shlex.split(self.hospital.real(line))
        status, answer = self.hospital.act(who, *words)
        if status and not may_fail:
            raise GuideError(f"{self.path}:{self.at}: {line} (exit {status})\n{answer}")

    def page(self, file, name, dots, page="1"):
        if self.pictures:
            take_page(os.path.join(self.hospital.work(), file), os.path.join(self.images, name + ".png"), int(dots), int(page))
            self.taken += 1

    def screen(self, words, steps):
        who, size, *command = words
        screen = Screen(self.hospital, who, size, [self.hospital.real(word) for word in shlex.split(" ".join(command))])
        try:
            for step in steps:
                what, _, rest = step.partition(" ")
                if what == "foto":
                    if self.pictures:
                        screen.take(os.path.join(self.images, rest + ".png"))
                        self.taken += 1
                elif not screen.step(what, rest):
                    raise GuideError(f"{self.path}:{self.at}: {step}\n{screen.text()}")
        finally:
            screen.close()


def same(expected, answer):
    """Whether what is expected, with its `…` and whatever the hour, is the answer."""
    def even(line):
        return TIME.sub("00:00:00", re.sub(r"\s+", " ", line.rstrip()))
    pattern = ""
    for line in expected:
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += r"[^\n]*?".join(re.escape(part) for part in even(line).split("…")) + r"\n"
    return re.fullmatch(pattern, "".join(even(line) + "\n" for line in answer)) is not None
