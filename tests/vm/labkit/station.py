"""The station in the guest: its store, the people's acts, mpsid, and what the ledger says afterwards."""

import json
import re
import shlex
import shutil
import subprocess

from . import paths

HOME = '/var/lib/mpsi'  # of the account mpsi; a disk of its own may be mounted on it
STORE = f'{HOME}/store'
LOG = '/run/mpsid.log'
SOCKET = '/run/mpsi/lab-socket'


def make_store(folder):
    """A store with people and places, made once on the host, where keys are faster; returns an archive of it."""
    archive = folder / 'store.tar.gz'
    if archive.exists():
        return archive.read_bytes()
    for name in ('store', 'secrets'):  # left by one that was cut off
        shutil.rmtree(folder / name, ignore_errors=True)
    script = '. scripts/main-job.bash; make_secrets; job_init && job_people && job_places'
    subprocess.run(['bash', '-ec', script], cwd=paths.SOURCE, check=True, stdout=subprocess.DEVNULL, env={
        'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'MPSI': str(paths.BUILD / 'mpsi'),
        'STORE': str(folder / 'store'), 'SECRETS': str(folder / 'secrets'), 'LANGUAGE': 'en', 'OUT': str(folder)})
    subprocess.run(['tar', '-C', str(folder), '--owner=0', '--group=0', '-czf', str(archive), 'store', 'secrets'], check=True)
    return archive.read_bytes()


class Station:
    account = 'root'  # whose the store is and in whose name mpsid's children work
    environment = ''

    def __init__(self, guest):
        self.guest = guest

    def install(self):
        """A fresh store, and everybody's secrets."""
        self.stop()
        self.guest.put('/run/store.tar.gz', make_store(self.guest.folder))
        self.guest.check(f'''mkdir -p {HOME}; rm -rf {STORE} /lab/secrets
            tar -C /lab -xzf /run/store.tar.gz secrets && tar -C {HOME} -xzf /run/store.tar.gz store
            chmod 0700 {STORE}; sync''')

    def start(self, *options):
        """mpsid without systemd around it; the store is root's here, in whose name the acts are done."""
        self.guest.check(f'''rm -f {LOG}
            {self.environment} setsid mpsid --account {self.account} --store {STORE} --lang en {shlex.join(options)} 2>{LOG} >/dev/null & echo $! >/run/mpsid.pid''')
        self.wait_log('running')

    def stop(self):
        self.guest.run('''[ -f /run/mpsid.pid ] || exit 0; pid=$(cat /run/mpsid.pid); rm /run/mpsid.pid
            kill $pid; for i in {1..100}; do kill -0 $pid || exit 0; sleep 0.05; done; kill -9 $pid''')

    def runs(self):
        return self.guest.run('kill -0 $(cat /run/mpsid.pid)').status == 0

    def log(self):
        return self.guest.run(f'cat {LOG}').out

    def wait_log(self, pattern, timeout=30):
        try:
            return self.guest.wait(f'grep -- {shlex.quote(pattern)} {LOG}', timeout)
        except AssertionError:
            raise AssertionError(f'no line with “{pattern}” in mpsid’s log:\n{self.log()}') from None

    def forget_log(self):
        self.guest.check(f': >{LOG}')

    @staticmethod
    def command(who, *words):
        """One act by one person; pins and passphrases come from files."""
        secrets = [f'--secret={purpose}=file:/lab/secrets/{purpose.replace(":", "-")}' for purpose in
                   ('organisation', 'master', 'recovery', 'pin:elena', 'pin:marta', 'pin:carlos', 'pin:ana', 'pin:luis')]
        return shlex.join(['mpsi', '--store', STORE, '--as', who, '--lang', 'en', *secrets, *words])

    def act(self, *words, timeout=120):
        return self.guest.run(self.command(*words), timeout)

    def do(self, *words, timeout=120):
        """The same for an act that has to succeed."""
        return self.guest.check(self.command(*words), timeout)

    def start_act(self, name, *words):
        """The same in the background: its words and its status are for finished_act()."""
        line = f'{self.command(*words)} >/run/{name}.out 2>&1; echo $? >/run/{name}.new; mv /run/{name}.new /run/{name}.status'
        self.guest.check(f'rm -f /run/{name}.*; setsid bash -c {shlex.quote(line)} &')

    def finished_act(self, name, timeout=60):
        status = int(self.guest.wait(f'cat /run/{name}.status', timeout))
        return status, self.guest.run(f'cat /run/{name}.out').out

    def is_finished(self, name):
        return self.guest.run(f'test -e /run/{name}.status').status == 0

    def events(self, kind):
        """The facts of one type, in order, as the ledger has them."""
        query = f"SELECT json_object('subject', subject, 'data', json(data)) FROM event WHERE type = '{kind}' ORDER BY seq"
        out = self.guest.check(f'sqlite3 {STORE}/registry.db {shlex.quote(query)}')
        return [json.loads(line) for line in out.splitlines()]

    def wait_event(self, kind, timeout=60):
        query = f"SELECT 1 FROM event WHERE type = '{kind}' LIMIT 1"
        self.guest.wait(f'sqlite3 -cmd ".timeout 5000" {STORE}/registry.db {shlex.quote(query)} | grep -q 1', timeout)

    def judgements(self, serial):
        """What was judged about one serial number: (verdict, rule) in order."""
        return [(event['data']['verdict'], event['data']['rule']) for event in self.events('device.judged')
                if event['data']['serial'] == serial]

    def verify(self):
        self.do('elena', 'ledger', 'verify')

    def register(self, device, *more, classification='CONFIDENCIAL', category='MEDIA', expires='2099-12-31'):
        """An ordinary medium; returns its ID."""
        answer = self.do('carlos', 'media', 'register', device, '--classification', classification, '--category', category,
                         '--owner', 'marta', '--expires', expires, '--retention', '400', *more)
        return re.search(r'HQ\d{8}[0-9A-Z]', answer)[0]

    def encrypt(self, medium, device):
        self.do('ana', 'encrypt', 'run', medium, device, '--confirm', medium)


class Desk(Station):
    """The station as people meet it: the store is the account mpsi's, and each act comes over the socket from an account of
    whoever does it."""
    account = 'mpsi'
    PEOPLE = {'carlos': 'games', 'ana': 'desk', 'marta': 'news', 'luis': 'lp'}
    SECURITY = ('sara', 'man')  # elena's account is the host's who made the store

    def install(self):
        super().install()
        acts = [self.local('elena', 'person', 'account', who, '--os-user', account, '--reason', 'a desk of their own')
                for who, account in self.PEOPLE.items()]
        who, account = self.SECURITY
        acts.append(self.local('elena', 'person', 'add', who, '--full-name', 'Sara Gil', '--roles', 'security', '--os-user', account))
        self.guest.check(' && '.join(acts))
        self.guest.check(f'''chown -R mpsi:mpsi {STORE}; chmod 0711 /lab
            for account in {' '.join([*self.PEOPLE.values(), account])}; do
                rm -rf /lab/secrets-$account; cp -r /lab/secrets /lab/secrets-$account; chown -R $account /lab/secrets-$account
            done''')

    def start(self, *options):
        super().start('--socket', SOCKET, *options)

    local = staticmethod(Station.command)

    @staticmethod
    def command(who, *words):
        account = dict([*Desk.PEOPLE.items(), Desk.SECURITY])[who]
        secrets = [f'--secret={purpose}=file:/lab/secrets-{account}/{purpose.replace(":", "-")}' for purpose in
                   ('master', 'recovery', f'pin:{who}')]
        return as_account(account, shlex.join(['mpsi', '--lang', 'en', '--socket', SOCKET, *secrets, *words]))

    def verify(self):
        self.guest.check(as_account(self.account, self.local('elena', 'ledger', 'verify')))


def as_account(account, command):
    return f'setpriv --reuid={account} --regid=$(id -g {account}) --init-groups env HOME=/tmp {command}'
