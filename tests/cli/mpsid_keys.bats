#!/usr/bin/env bats
# C9, C10: the station's vault, unlocked once for all who work there. By hand, as root:
#   tests/cli/with-udev bats tests/cli/mpsid_keys.bats
bats_require_minimum_version 1.5.0
load helper
load store
load mpsid

setup_file() {
        mpsid_setup_file
}

setup() {
        mpsid_setup
        SOCKET=$BATS_TEST_TMPDIR/socket
}

teardown() {
        mpsid_teardown
}

# What a person says over the socket, without any secret.
say() {
        "$MPSI" --socket "$SOCKET" --lang en "$@"
}

@test "C9: key unlock by one client serves the acts of others, until key lock or mpsid's end" {
        register
        act elena person add raiz --full-name "Raíz Puesto" --roles security,operator --os-user root
        start --socket "$SOCKET"
        wait_for "$ID: read only"
        run say encrypt run "$ID" "$node" --confirm "$ID" --no-fill </dev/null
        [ "$status" -ne 0 ]
        [[ $output == *"Passphrase of the master key"* || $output == *"--secret"* ]]
        # A wrong one unlocks nothing.
        (umask 077 && printf 'not the passphrase\n' >"$BATS_TEST_TMPDIR/wrong")
        run -3 say --secret "master=file:$BATS_TEST_TMPDIR/wrong" key unlock
        run -0 say --secret "master=file:$SECRETS/master" key unlock
        run -0 say key status
        [[ $output == *"The vault is unlocked until"* ]]
        run -0 say encrypt run "$ID" "$node" --confirm "$ID" --no-fill </dev/null
        run -0 say key rotate </dev/null
        # Who is not of the station's processes finds nothing in a keyring of their own.
        run -2 "$MPSI" --store "$STORE" --as elena --lang en key rotate </dev/null
        run -0 say key lock
        run -2 say key rotate </dev/null
        run -0 say --secret "master=file:$SECRETS/master" key unlock
        stop
        start --socket "$SOCKET"
        run -2 say key rotate </dev/null
        run grep -c -e "$(cat "$SECRETS/master")" "$LOG"
        [ "$output" = 0 ]
}
