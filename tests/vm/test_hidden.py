"""What a disk hides by HPA, AMA or DCO (S5): opened, wiped and left open, which is seen in the file behind the disk; cut off in the
middle, gone on with; refused where the disk doesn't let it. The same on a station, by people without rights."""

import json

from test_firmware import EVERYTHING
from test_firmware import Ordered as Local
from test_orders import OrdersCase

MIB = 1 << 20
SIZE = 4 * MIB
HIDES = 2048  # sectors
HPA, AMA, DCO = {'ata': 1, 'hpa': 1, 'hpa_hides': HIDES}, {'ata': 1, 'ama': 1, 'hpa_hides': HIDES}, {'ata': 1, 'dco': 1, 'dco_hides': HIDES}


class Hidden(Local):

    def hiding(self, classification='INTERNO', **settings):
        disk = self.registered(classification=classification, **settings)
        self.assertEqual(self.shows(disk), SIZE - self.hidden_of(settings))
        return disk

    def hidden_of(self, settings):
        return 512 * (settings.get('hpa_hides', 0) + settings.get('dco_hides', 0))

    def shows(self, disk):
        return int(self.guest.check(f'blockdev --getsize64 {disk.device}'))

    def last(self, disk, kind='finished'):
        return [event['data'] for event in self.station.events(f'sanitization.{kind}') if event['subject'] == disk.medium][-1]

    def test_opened_and_wiped(self):
        """S5 S7: nothing of what was there is left anywhere in the file; it is read again to its whole end, on record and on the certificate's list."""
        for settings, ways in ((HPA, 'HPA'),) * EVERYTHING + ((AMA, 'AMA'), ({**HPA, **DCO}, 'HPA, DCO')):
            with self.subTest(ways=ways):
                disk = self.hiding(**settings)
                result = self.wipe(disk, 'dod')
                self.assertEqual(result.status, 0, result)
                self.assertLess(disk.count(), SIZE // 128, 'behind the end that it showed something is left')
                data = self.last(disk)
                self.assertEqual((data['hidden']['ways'], data['hidden']['afterwards'], data['bytes_not_reached']), (ways, 'open', 0))
                self.assertEqual((data['hidden']['shown_bytes'], data['hidden']['whole_bytes'], data['device']['size'], data['verification']['bytes']),
                                 (SIZE - self.hidden_of(settings), SIZE, SIZE, SIZE))
                self.assertIn(f'nothing is left hidden by {ways}', json.dumps(data['limits']))
                self.assertEqual(self.last(disk, 'opening')['whole_bytes'], SIZE)
                disk.power_cycle()
                self.assertEqual(self.shows(disk), SIZE, 'hidden again')
                again = self.station.act('luis', '--json', 'wipe', 'verify', disk.medium, '--device', disk.device)
                self.assertEqual(again.status, 0, again)
                disk.remove()

    def test_refused(self):
        """S5: frozen, it stays shut, and the wipe ends with the reason; on PUBLICO it is not opened, and the wipe is none."""
        disk = self.hiding(hpa_frozen=1, **HPA)
        result = self.wipe(disk, 'dod')
        self.assertIn('"rule": "S5"', result.out + result.err)
        self.assertIn('SET MAX', result.out + result.err)
        self.assert_never_certified(disk, result)
        self.assertEqual(disk.count(), SIZE, 'something was written all the same')
        disk.power_cycle(hpa_frozen=0)
        self.assertEqual(self.wipe(disk, 'dod').status, 0)
        public = self.hiding(classification='PUBLICO', **HPA)
        result = self.wipe(public, 'single')
        self.assert_never_certified(public, result)
        self.assertEqual((self.last(public)['bytes_not_reached'], public.count()), (512 * HIDES, 512 * HIDES))

    def test_cut_off(self):
        """S5 S7: killed with the area open, and gone on with; and once more after a power loss that hid it again."""
        for power in (False, True) if EVERYTHING else (True,):
            with self.subTest(power=power):
                disk = self.hiding(**HPA)
                self.station.start_act('wipe', 'ana', 'wipe', 'run', disk.medium, '--device', disk.device, '--confirm', disk.medium, '--method', 'dod')
                self.guest.wait(f"grep 'ATA 37' {disk.log_path} && kill -9 $(pidof mpsi)", 90)
                if power:
                    disk.power_cycle()
                    self.assertEqual(self.shows(disk), SIZE - 512 * HIDES)
                result = self.wipe(disk, verb='resume')
                self.assertEqual(result.status, 0, result)
                self.assertEqual(self.last(disk)['hidden']['afterwards'], 'open')
                self.assertLess(disk.count(), SIZE // 128)
                disk.remove()


class HiddenOnAStation(OrdersCase):

    def test_opened_by_an_operator(self):
        """S5 X1: by the guard's process, the kernel's size with it."""
        disk = self.disk(classification='INTERNO', **{**HPA, **DCO})
        result = self.wipe(disk, 'dod')
        self.assertEqual(result.status, 0, result)
        self.assertLess(disk.count(), SIZE // 128)
        self.assertEqual(self.results(disk)[-1], 'sanitized')
        self.station.verify()
