#!/usr/bin/env bats
# The Debian package as scripts/build-package makes it, in a throw-away root: C3, C10, X1. By hand:
#   bats tests/package/package.bats
bats_require_minimum_version 1.5.0
MPSI_SOURCE=${MPSI_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}

setup_file() {
        command -v dh >/dev/null || return 0 # setup says why
        export ROOT=$BATS_FILE_TMPDIR/root
        PACKAGE=$(MPSI_NO_INSTALL=1 "$MPSI_SOURCE/scripts/build-package" "$BATS_FILE_TMPDIR/package" | tail -n 1)
        export PACKAGE
        mkdir "$ROOT"
        dpkg -x "$PACKAGE" "$ROOT"
}

setup() {
        command -v dh >/dev/null || skip 'SKIPPED: no debhelper (scripts/install-packages package)'
        [ -f "$PACKAGE" ]
}

need_root() {
        [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null || skip 'SKIPPED: needs root and namespaces'
}

# install_into FOLDER: with its scripts, in a mount namespace with an empty /run, so that neither the machine's systemd
# nor its udev is spoken to.
install_into() {
        mkdir -p "$1/var/lib/dpkg/info" "$1/var/lib/dpkg/updates" "$1/etc" "$1/run"
        : >"$1/var/lib/dpkg/status"
        unshare --mount sh -ec 'mount -t tmpfs tmpfs /run; shift; exec "$@"' - - dpkg "--root=$1" --log=/dev/null \
                --force-script-chrootless --force-depends --install "$PACKAGE"
}

@test "lintian has no error and no warning to tell" {
        run lintian --allow-root --fail-on error,warning "$PACKAGE"
        printf '%s\n' "$output"
        [ "$status" -eq 0 ]
}

@test "X1: what is in it, whose it is, and with which mode" {
        run dpkg -c "$PACKAGE"
        # Everything is root's, and nothing is set-user-ID or writable for others.
        [ -z "$(grep -vE '^(d|-)rw[x-]r-[x-]r-[x-] root/root ' <<<"$output")" ]
        diff - <(awk '$1 ~ /^-/ { print $1, $6 }' <<<"$output" | grep -v -e /usr/share/doc/ -e /usr/share/mpsi/ | sort -k 2) <<'END'
-rw-r--r-- ./etc/mpsi/mpsi.conf
-rw-r--r-- ./etc/xdg/autostart/mpsi-popup.desktop
-rw-r--r-- ./lib/systemd/system/mpsi-alert.service
-rw-r--r-- ./lib/systemd/system/mpsi-alert.timer
-rw-r--r-- ./lib/systemd/system/mpsi-siem.service
-rw-r--r-- ./lib/systemd/system/mpsid-order.socket
-rw-r--r-- ./lib/systemd/system/mpsid-order@.service
-rw-r--r-- ./lib/systemd/system/mpsid.service
-rw-r--r-- ./lib/systemd/system/mpsid.socket
-rw-r--r-- ./lib/udev/rules.d/10-mpsi-gate.rules
-rw-r--r-- ./lib/udev/rules.d/72-mpsi-seat.rules
-rw-r--r-- ./lib/udev/rules.d/90-mpsi-hide.rules
-rw-r--r-- ./lib/udev/rules.d/91-mpsi-mapping.rules
-rwxr-xr-x ./usr/bin/mpsi
-rwxr-xr-x ./usr/bin/mpsi-verify-wipe
-rw-r--r-- ./usr/lib/sysusers.d/mpsi.conf
-rw-r--r-- ./usr/lib/tmpfiles.d/mpsi.conf
-rwxr-xr-x ./usr/libexec/mpsi/mpsi-gate
-rwxr-xr-x ./usr/libexec/mpsi/mpsi-popup
-rwxr-xr-x ./usr/libexec/mpsi/mpsi-tsa
-rwxr-xr-x ./usr/sbin/mpsi-alert
-rwxr-xr-x ./usr/sbin/mpsi-siem
-rwxr-xr-x ./usr/sbin/mpsid
-rw-r--r-- ./usr/share/bash-completion/completions/mpsi
-rw-r--r-- ./usr/share/lintian/overrides/mpsi
-rw-r--r-- ./usr/share/man/es/man1/mpsi-verify-wipe.1.gz
-rw-r--r-- ./usr/share/man/es/man5/mpsi.conf.5.gz
-rw-r--r-- ./usr/share/man/es/man8/mpsi-gate.8.gz
-rw-r--r-- ./usr/share/man/es/man8/mpsid.8.gz
-rw-r--r-- ./usr/share/man/man1/mpsi-verify-wipe.1.gz
-rw-r--r-- ./usr/share/man/man1/mpsi.1.gz
-rw-r--r-- ./usr/share/man/man5/mpsi.conf.5.gz
-rw-r--r-- ./usr/share/man/man8/mpsi-alert.8.gz
-rw-r--r-- ./usr/share/man/man8/mpsi-gate.8.gz
-rw-r--r-- ./usr/share/man/man8/mpsi-siem.8.gz
-rw-r--r-- ./usr/share/man/man8/mpsid.8.gz
-rw-r--r-- ./usr/share/polkit-1/rules.d/mpsi.rules
END
        [ "$(cd "$MPSI_SOURCE" && ls forms labels)" = "$(cd "$ROOT/usr/share/mpsi" && ls forms labels)" ]
        [ -s "$ROOT/usr/share/doc/mpsi/copyright" ]
        [ -s "$(echo "$ROOT"/usr/share/doc/mpsi/limits.md*)" ]
}

@test "the programs run, and know no folder of the build" {
        [[ $("$ROOT/usr/bin/mpsi" --lang en version) == *[0-9].[0-9]* ]]
        "$ROOT/usr/sbin/mpsid" --version
        "$ROOT/usr/libexec/mpsi/mpsi-gate" --version
        run ! grep -c "$BATS_FILE_TMPDIR" "$ROOT/usr/bin/mpsi" "$ROOT/usr/sbin/mpsid" "$ROOT/usr/libexec/mpsi/mpsi-gate"
        bash -n "$ROOT/usr/share/bash-completion/completions/mpsi"
}

@test "C3: the rules name the program where it is, and the account's group" {
        grep -q '^PROGRAM=="/usr/libexec/mpsi/mpsi-gate ' "$ROOT/lib/udev/rules.d/10-mpsi-gate.rules"
        grep -q 'GROUP="mpsi"' "$ROOT/lib/udev/rules.d/90-mpsi-hide.rules"
        run ! grep -rE '@(MPSI|CMAKE)' "$ROOT/lib/udev/rules.d" "$ROOT/lib/systemd/system"
}

@test "C10: the configuration is understood, with its comments and without, and holds no secret" {
        local conf=$ROOT/etc/mpsi/mpsi.conf
        run "$ROOT/usr/libexec/mpsi/mpsi-gate" --config "$conf" --list
        [ "$status" -eq 0 ]
        [[ $output != *mpsi-gate:* ]]
        sed 's/^#\([a-z_-]* =\)/\1/' "$conf" >"$BATS_TEST_TMPDIR/mpsi.conf"
        grep -q '^buses = usb mmc thunderbolt' "$BATS_TEST_TMPDIR/mpsi.conf"
        run "$ROOT/usr/libexec/mpsi/mpsi-gate" --config "$BATS_TEST_TMPDIR/mpsi.conf" --list
        [[ $output != *mpsi-gate:* ]]
        printf '[gate]\nbuses = nonsense\n' >"$BATS_TEST_TMPDIR/mpsi.conf"
        run "$ROOT/usr/libexec/mpsi/mpsi-gate" --config "$BATS_TEST_TMPDIR/mpsi.conf" --list
        [[ $output == *mpsi-gate:*nonsense* ]]
}

@test "the manual pages are well formed" {
        local page
        for page in "$ROOT"/usr/share/man/man?/* "$ROOT"/usr/share/man/es/man?/*; do
                run env LC_ALL=C.UTF-8 MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 -Z "$page"
                [ "$status" -eq 0 ]
                [[ $output != *'warning:'* && $output != *troff:* ]]
        done
}

@test "X1: the unit's sandbox: what it may, and an exposure of 2.0 at most" {
        local unit=$ROOT/lib/systemd/system/mpsid.service
        run systemd-analyze security --offline=true --threshold=20 --no-pager "$unit"
        [ "$status" -eq 0 ]
        grep -qx 'CapabilityBoundingSet=CAP_SYS_ADMIN CAP_SETUID CAP_SETGID' "$unit"
        grep -qx 'NoNewPrivileges=yes' "$unit"
        grep -qx 'DeviceAllow=block-\* rw' "$unit"
        grep -qx 'ExecStart=/usr/sbin/mpsid --foreground --config /etc/mpsi/mpsi.conf' "$unit"
        # What tells of alerts runs other people's programs: no capability at all, and less exposed than that.
        unit=$ROOT/lib/systemd/system/mpsi-alert.service
        run systemd-analyze security --offline=true --threshold=15 --no-pager "$unit"
        [ "$status" -eq 0 ]
        grep -qx 'CapabilityBoundingSet=' "$unit"
        grep -qx 'ExecStart=/usr/sbin/mpsi-alert --config /etc/mpsi/mpsi.conf' "$unit"
        # What sends firmware commands has the one right more, and no network, no other account, nobody's message but root's.
        unit=$ROOT/lib/systemd/system/mpsid-order@.service
        run systemd-analyze security --offline=true --threshold=20 --no-pager "$unit"
        [ "$status" -eq 0 ]
        grep -qx 'CapabilityBoundingSet=CAP_SYS_ADMIN CAP_SYS_RAWIO' "$unit"
        grep -qx 'PrivateNetwork=yes' "$unit"
        grep -qx 'SocketMode=0600' "$ROOT/lib/systemd/system/mpsid-order.socket"
}

@test "X1: installed, the account owns the store and the units are enabled and sound" {
        local root=$BATS_TEST_TMPDIR/root id
        need_root
        install_into "$root"
        id=$(sed -n 's/^mpsi:x:\([0-9]*\):.*:\/var\/lib\/mpsi:\/usr\/sbin\/nologin$/\1/p' "$root/etc/passwd")
        [ -n "$id" ]
        [ "$(stat -c '%u %a' "$root/var/lib/mpsi")" = "$id 700" ]
        [ "$(stat -c '%u %a' "$root/run/mpsi")" = '0 755' ]
        [ -L "$root/etc/systemd/system/multi-user.target.wants/mpsid.service" ]
        [ -L "$root/etc/systemd/system/sockets.target.wants/mpsid.socket" ]
        [ -L "$root/etc/systemd/system/timers.target.wants/mpsi-alert.timer" ]
        [ -L "$root/etc/systemd/system/sockets.target.wants/mpsid-order.socket" ]
        # systemd's own units are what ours refer to.
        cp -a --no-clobber /lib/systemd/system/. "$root/lib/systemd/system/"
        run systemd-analyze "--root=$root" verify --man=no mpsid.service mpsid.socket mpsi-alert.service mpsi-alert.timer \
                mpsid-order.socket mpsid-order@1.service
        printf '%s\n' "$output"
        [ "$status" -eq 0 ] && [ -z "$output" ]
}

@test "X1: in the unit's sandbox, under a real systemd: the guard and its children may what they need and no more" {
        need_root
        run "$BATS_TEST_DIRNAME/in-unit" "$PACKAGE" "$BATS_TEST_DIRNAME/probe.pl"
        printf '%s\n' "$output"
        [ "$status" -ne 77 ] || skip 'SKIPPED: no systemd in namespaces here (overlay, cgroup2)'
        [ "$status" -eq 0 ]
        diff - <(printf '%s\n' "$output") <<'END'
store mpsi 700
run root 755
sockets 1
capabilities 00000000002000c0
guard opens the store no
guard opens another account's file no
guard writes /etc no
guard writes /usr no
guard sees homes no
guard opens a character device no
guard sees swaps yes
guard has an Internet socket no
guard has a netlink socket yes
guard mounts no
child mpsi 0000000000000000
child writes the store yes
child is root again no
child writes /run/mpsi no
guard signals its child as root no
guard signals its child as the account yes
child ended by 15
capabilities 00000000002000c0
END
}

@test "X2: the store outlives the package, also when it is purged" {
        local root=$BATS_TEST_TMPDIR/root
        need_root
        install_into "$root"
        mkdir "$root/var/lib/mpsi/store"
        printf 'the ledger\n' >"$root/var/lib/mpsi/store/registry.db"
        unshare --mount sh -ec 'mount -t tmpfs tmpfs /run; shift; exec "$@"' - - dpkg "--root=$root" --log=/dev/null \
                --force-script-chrootless --purge mpsi
        [ ! -e "$root/usr/bin/mpsi" ]
        [ ! -e "$root/etc/mpsi/mpsi.conf" ]
        [ "$(cat "$root/var/lib/mpsi/store/registry.db")" = 'the ledger' ]
}
