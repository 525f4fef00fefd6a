"""What a guest gets of its own beside the host's /usr: a small /etc, the lab's scripts, and the installed project.

It becomes one more archive behind the initramfs, so that all of it belongs to root in the guest, whoever builds it.
"""

import os
import shutil
import subprocess

from . import paths

# Configuration that programs of /usr want, none of it anybody's secret.
ETC = ('alternatives', 'dbus-1', 'debian_version', 'fonts', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'localtime', 'login.defs',
       'lvm', 'magic', 'mke2fs.conf', 'nsswitch.conf', 'nvme', 'os-release', 'pam.conf', 'pam.d', 'polkit-1', 'protocols', 'security',
       'services', 'shells', 'ssl/openssl.cnf', 'ucf.conf', 'udev', 'udisks2')

# What a machine without screen, network or a clock of its own waits for in vain.
MASKED = ('getty.target', 'systemd-logind.service', 'systemd-timesyncd.service', 'systemd-networkd.service', 'e2scrub_reap.service',
          'systemd-binfmt.service', 'systemd-pcrphase.service', 'systemd-hwdb-update.service', 'ldconfig.service', 'apt-daily.timer',
          'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'man-db.timer', 'e2scrub_all.timer', 'fstrim.timer', 'logrotate.timer',
          'systemd-journal-flush.service')

# Each file of the host's costs some ten messages whenever a program opens it, and a program here has up to seventy libraries: what is
# run all the time lies in the guest's memory.
OFTEN = ('bash', 'env', 'setpriv', 'cat', 'cp', 'date', 'dd', 'head', 'grep', 'sleep', 'stat', 'readlink', 'rm', 'sync', 'mkdir', 'mount',
         'umount', 'blockdev', 'dmsetup', 'udevadm', 'sqlite3', 'sed', 'kill', 'lsblk', 'mkfs.ext4')
OFTEN_READ = ('lib/locale/C.utf8', 'lib/x86_64-linux-gnu/gconv/gconv-modules.cache', 'lib/x86_64-linux-gnu/ossl-modules')

USERS = ('desk:x:1000:1000:a person at the desk:/home/desk:/bin/bash', 'writer:x:1001:1001:in group disk:/home/writer:/bin/bash')
GROUPS = ('desk:x:1000:', 'writer:x:1001:')


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def system_lines(path):
    """The system's own users or groups: people of the host stay out."""
    for line in path.read_text().splitlines():
        words = line.split(':')
        if words[0] not in ('+', '') and (int(words[2]) < 1000 or int(words[2]) == 65534):
            yield words


def make_accounts(etc, host):
    with open(etc / 'passwd', 'w') as passwd, open(etc / 'shadow', 'w') as shadow:
        for words in system_lines(host / 'passwd'):
            passwd.write(':'.join(words) + '\n')
            shadow.write(f'{words[0]}:*:19000::::::\n')
        for line in USERS:
            passwd.write(line + '\n')
            shadow.write(f"{line.split(':')[0]}:*:19000::::::\n")
    os.chmod(etc / 'shadow', 0o600)
    with open(etc / 'group', 'w') as group:
        for words in system_lines(host / 'group'):
            members = 'writer' if words[0] == 'disk' else ''
            group.write(':'.join(words[:3] + [members]) + '\n')
        group.writelines(line + '\n' for line in GROUPS)


def make_etc(root):
    host = paths.pathlib.Path('/etc')
    etc = root / 'etc'
    etc.mkdir()
    for name in ETC:
        try:
            if (host / name).exists() or (host / name).is_symlink():
                copy(host / name, etc / name)
        except (PermissionError, shutil.Error):
            pass  # what an ordinary user can't read the guest does without
    make_accounts(etc, host)
    (etc / 'hostname').write_text('lab\n')
    (etc / 'hosts').write_text('127.0.0.1 localhost lab\n')
    (etc / 'machine-id').write_text('6d7073692d6c6162000000000000000a\n')
    (etc / 'fstab').write_text('')
    (etc / 'mtab').symlink_to('../proc/self/mounts')


def install_project(root):
    """As a package would: into a folder that becomes the guest's."""
    subprocess.run(['cmake', '--install', str(paths.BUILD)], env={**os.environ, 'DESTDIR': str(root)}, check=True,
                   stdout=subprocess.DEVNULL)


def keep_at_hand(root):
    """Copies the host's programs that are run often, their libraries and ours."""
    usr = paths.pathlib.Path('/usr')
    programs = [path for name in OFTEN if (path := shutil.which(name))]
    ours = [str(path) for path in sorted((root / 'usr/local/bin').iterdir())]
    loaded = subprocess.run(['ldd', *programs, *ours], check=False, capture_output=True, text=True).stdout
    libraries = {word for word in loaded.split() if word.startswith('/') and not word.endswith(':')}
    for name in (*programs, *libraries, *(usr / name for name in OFTEN_READ)):
        path = usr / os.path.relpath(os.path.realpath(os.path.dirname(name)), usr) / os.path.basename(name)
        while path.exists() and not (root / str(path).lstrip('/')).exists():
            copy(path, root / str(path).lstrip('/'))
            path = path.resolve()


def make_lab(root):
    lab = root / 'lab'
    lab.mkdir()
    for path in sorted(paths.GUEST.iterdir()):
        if path.suffix not in ('.service', '.c', '.h') and path.name != 'init':
            copy(path, lab / path.name)
    for name in ('racer', 'pager'):
        subprocess.run(['cc', '-O2', '-D_GNU_SOURCE', '-o', str(lab / name), str(paths.GUEST / f'{name}.c')], check=True)
    subprocess.run(['cc', '-O2', '-D_DEFAULT_SOURCE', '-o', str(lab / 'firmware-disk'), *sorted(map(str, paths.GUEST.glob('firmware_*.c')))],
                   check=True)
    units = root / 'etc/systemd/system'
    units.mkdir(parents=True, exist_ok=True)
    for path in paths.GUEST.glob('*.service'):
        copy(path, units / path.name)
        wanted = units / 'multi-user.target.wants'
        wanted.mkdir(exist_ok=True)
        (wanted / path.name).symlink_to(f'../{path.name}')
    for name in MASKED:
        (units / name).symlink_to('/dev/null')


def make(folder):
    """Makes the guest's own files under `folder` and returns the archive that the kernel unpacks."""
    stage = folder / 'stage'
    shutil.rmtree(stage, ignore_errors=True)
    root = stage / 'stage'
    root.mkdir(parents=True)
    make_etc(root)
    install_project(root)
    make_lab(root)
    for name in ('lib', 'bin', 'sbin'):  # the links of a merged /usr
        if (root / name).exists():
            copy(root / name, root / 'usr' / name)
            shutil.rmtree(root / name)
    keep_at_hand(root)
    if (root / 'usr').exists():
        (root / 'usr').rename(root / 'stage-usr')
    archive = folder / 'initrd'
    with open(archive, 'wb') as out:
        out.write((paths.CACHE / 'initramfs').read_bytes())
        out.flush()
        names = sorted(str(path.relative_to(stage)) for path in stage.rglob('*'))
        subprocess.run(['cpio', '--quiet', '--create', '--format=newc', '-R', '0:0'], cwd=stage, stdout=out,
                       input='\n'.join(names).encode(), check=True)
    shutil.rmtree(stage)
    return archive
