"""The virtual lab: a QEMU guest under software emulation, driven from the host. See docs/lab.md."""
