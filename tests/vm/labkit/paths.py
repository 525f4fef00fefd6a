"""Where things are: the checkout, the build under test, the lab's own files."""

import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent.parent
SOURCE = HERE.parent.parent
GUEST = HERE / 'guest'
BUILD = pathlib.Path(os.environ.get('MPSI_BUILD', SOURCE / 'build/release'))
CACHE = pathlib.Path(os.environ.get('MPSI_LAB_CACHE', SOURCE / 'build/lab'))
