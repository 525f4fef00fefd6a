"""A terminal that a guide types into, and pictures of what it shows: tmux, drawn by rsvg-convert."""
import os
import re
import shlex
import subprocess
import tempfile
import time
from xml.sax.saxutils import escape

CELL, LINE, FONT = 9.03, 19, 15  # dots; DejaVu Sans Mono at 15 is 9.03 wide
PAPER, INK = "#1b1f24", "#dfe3e8"
COLOURS = ("#45505c", "#ff6b5e", "#57c47a", "#e9b84a", "#5fa8ff", "#d58cf0", "#4fc3cf", "#dfe3e8",
           "#7d8894", "#ff8f85", "#7fdd9d", "#ffd479", "#8cc2ff", "#e6b0f7", "#83dde6", "#ffffff")


class Screen:
    def __init__(self, hospital, who, size, command):
        self.hospital = hospital
        self.width, self.height = (int(part) for part in size.split("x"))
        self.socket = os.path.join(tempfile.mkdtemp(dir=hospital.folder), "tmux")
        environment = hospital.environment()
        del environment["NO_COLOR"]
        line = "exec " + shlex.join(hospital.command(who, command)) if command[:1] == ["counter"] else \
            shlex.join(hospital.command(who, command)) + "; exec sleep 300"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(self.width), "-y", str(self.height), "-c", hospital.work(), line,
                  environment=environment)

    def tmux(self, *words, environment=None):
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=False, env=environment).stdout

    def text(self):
        return self.tmux("capture-pane", "-p")

    def step(self, what, rest):
        if what == "espera":
            for _ in range(300):
                if re.search(rest, self.text()):
                    return True
                time.sleep(0.1)
            return False
        if what == "lee":  # a scanner: a text, and Enter
            self.type(rest)
        elif what == "tarjeta":
            self.type(self.hospital.cards[rest])
        elif what == "tecla":
            self.tmux("send-keys", rest)
        elif what == "pausa":
            time.sleep(float(rest))
        else:
            return False
        return True

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)
        self.tmux("send-keys", "-H", "0d")

    def take(self, path):
        rows = self.hospital.told(self.tmux("capture-pane", "-e", "-p")).rstrip("\n").split("\n")
        with tempfile.NamedTemporaryFile("w", suffix=".svg", encoding="utf-8") as file:
            file.write(drawn(rows, self.width, self.height))
            file.flush()
            subprocess.run(["rsvg-convert", "-o", path, file.name], check=True)
        shrink(path, 32)

    def close(self):
        self.tmux("kill-server")


def drawn(rows, width, height):
    """An SVG of the rows: each run of one colour is one text; block characters are rectangles, so that large letters are whole."""
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * CELL + 16:.0f}" height="{height * LINE + 16}" '
           f'font-family="DejaVu Sans Mono" font-size="{FONT}"><rect width="100%" height="100%" fill="{PAPER}"/>']
    style = {"fg": None, "bg": None, "bold": False, "reverse": False}
    for number, row in enumerate(rows):
        column = 0
        for codes, text in re.findall(r"\x1b\[([0-9;]*)m|([^\x1b]+)", row):
            if not text:
                change(style, codes)
                continue
            out += run_of(style, text, column, number)
            column += len(text)
    return "".join(out) + "</svg>"


def change(style, codes):
    numbers = [int(code or 0) for code in codes.split(";")]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            style.update(fg=None, bg=None, bold=False, reverse=False)
        elif code in (1, 7, 27, 22):
            style["bold" if code in (1, 22) else "reverse"] = code in (1, 7)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style["fg"] = code - 30 if code < 90 else code - 82
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style["bg"] = code - 40 if code < 100 else code - 92
        elif code in (39, 49):
            style["fg" if code == 39 else "bg"] = None
        elif code in (38, 48) and numbers[:1] == [5]:
            style["fg" if code == 38 else "bg"] = numbers[1] % 16
            del numbers[:2]


def run_of(style, text, column, number):
    fg = INK if style["fg"] is None else COLOURS[style["fg"]]
    bg = PAPER if style["bg"] is None else COLOURS[style["bg"]]
    if style["reverse"]:
        fg, bg = bg, fg
    x, y = 8 + column * CELL, 8 + number * LINE
    if bg != PAPER:
        yield f'<rect x="{x:.1f}" y="{y}" width="{len(text) * CELL:.1f}" height="{LINE}" fill="{bg}"/>'
    for block in re.finditer("█+", text):
        yield (f'<rect x="{x + block.start() * CELL:.1f}" y="{y}" width="{len(block.group()) * CELL:.1f}" height="{LINE}" '
               f'fill="{fg}" shape-rendering="crispEdges"/>')
    weight = ' font-weight="bold"' if style["bold"] else ""
    for word in re.finditer(r"[^ █]+(?: [^ █]+)*", text):
        yield (f'<text x="{x + word.start() * CELL:.1f}" y="{y + 14.5}"{weight} fill="{fg}" xml:space="preserve" '
               f'textLength="{len(word.group()) * CELL:.1f}">{escape(word.group())}</text>')


def take_page(pdf, path, dots, page):
    """One page of a PDF, without the empty paper below what is printed."""
    subprocess.run(["pdftoppm", "-r", str(dots), "-png", "-f", str(page), "-l", str(page), "-singlefile", pdf, path[:-4]], check=True)
    subprocess.run(["convert", path, "-bordercolor", "white", "-border", "1", "-trim", "+repage", "-bordercolor", "white", "-border", "14",
                    "-bordercolor", "#b8bec6", "-border", "1", path], check=True)
    shrink(path, 24)


def shrink(path, colours):
    subprocess.run(["convert", path, "+dither", "-colors", str(colours), "-strip", "-define", "png:compression-level=9", path], check=True)
