# Labels to printers (L5, L10): port 9100, a print queue; what was not taken is told, not lost, and repeated with the same code.
bats_require_minimum_version 1.5.0
load helper

setup_file() {
        BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
        export STORE MASTER PORT
        PORT=$((20000 + $(cksum <<<"$MPSI_BUILD" | cut -d ' ' -f 1) % 9000))
        make_store >&2
        m cus media register --kind hdd --classification CONFIDENCIAL --category MEDIA --owner ana --expires 2040-01-01 \
                --retention 3650 --serial A1 --model 'WD Red' >&2
        m cus media register --kind ssd --classification SECRETO --category ALTA --owner ana --expires 2040-01-01 \
                --retention 3650 --serial A2 --epc 3034257BF7194E4000001A85 --tamper TE-42 >&2
}

setup() {
        local who
        STORE=$BATS_FILE_TMPDIR/store SECRETS=()
        for who in master organisation recovery pin:sara pin:ana pin:cus; do
                SECRETS+=(--secret "$who=file:$BATS_FILE_TMPDIR/secret")
        done
        A=HQ00000001V B=HQ00000002T
}

teardown() {
        local file
        for file in "$BATS_TEST_TMPDIR"/*.pid; do
                [ ! -f "$file" ] || kill "$(cat "$file")" 2>/dev/null || true
        done
}

# A printer on the port that keeps what it gets; with ANSWER it says of itself what stands in that file.
printer() {
        if [ -n "${1:-}" ]; then
                socat TCP-LISTEN:"$PORT",bind=127.0.0.1,reuseaddr "SYSTEM:cat $1; cat >$BATS_TEST_TMPDIR/got" 3>&- &
        else
                socat -u TCP-LISTEN:"$PORT",bind=127.0.0.1,reuseaddr OPEN:"$BATS_TEST_TMPDIR/got",creat,trunc 3>&- &
        fi
        echo $! >"$BATS_TEST_TMPDIR/printer.pid"
        local i
        for ((i = 0; i < 100; i++)); do
                ! ss -ltn 2>/dev/null | grep -q ":$PORT " || return 0
                sleep 0.05
        done
}

facts() {
        m cus --json media history "$1" | jq -r '.rows[] | select(.type | startswith("label.")) | .type' | tr '\n' ' '
}

@test "L5 L10: port 9100 gets the ZPL with the tag's command; a printer that is absent costs nothing, and is repeated with the same code" {
        expect 1 m cus --lang en label print "$B" --printer "tcp:127.0.0.1:$PORT" --timeout 5
        [[ "$output" == *"can't be reached"*"label reprint"* ]]
        [ "$(facts $B)" = "label.prepared label.unsent " ]
        [ "$(m cus --json media show $B | jq -r .label_state)" = none ]
        [ "$(m cus --json label due | jq -r --arg id $B '.rows[] | select(.medium == $id).cause')" = unsent ]
        code=$(m cus --json media history $B | jq -r '.rows[] | select(.type == "label.prepared").data.code')
        [ "$(m cus --json label scan "$code" | jq -r .label)" = unsent ]
        printer
        expect 0 m cus --json label reprint "$B" --printer "tcp:127.0.0.1:$PORT" --copies 2
        [ "$(jq -r '.rows[0].code' <<<"$output")" = "$code" ]
        wait "$(cat "$BATS_TEST_TMPDIR/printer.pid")"
        [ "$(grep -c '\^GFA' "$BATS_TEST_TMPDIR/got")" = 2 ]
        [ "$(grep -c '\^RFW,H,2,12,1^FD3034257BF7194E4000001A85^FS' "$BATS_TEST_TMPDIR/got")" = 2 ]
        [ "$(facts $B)" = "label.prepared label.unsent label.printed " ]
        [ "$(m cus --json label scan "$code" | jq -r .label)" = current ]
        expect 0 m sara ledger verify
}

@test "L5: a printer without paper is not sent anything" {
        printf '\x02030,1,0,0296,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,1,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n' >"$BATS_TEST_TMPDIR/status"
        printer "$BATS_TEST_TMPDIR/status"
        expect 1 m cus --lang en label print "$A" --printer "tcp:127.0.0.1:$PORT" --timeout 5
        [[ "$output" == *"no paper head open"* ]]
        run ! grep -q GFA "$BATS_TEST_TMPDIR/got"
        [ "$(facts $A)" = "label.prepared label.unsent " ]
}

@test "L10: of two labels, the one that the printer took whole is recorded as printed, the other as not sent" {
        # It reads 100,000 bytes and stops; three copies of a label are 124,000, and a pipe between holds 64 KiB.
        socat -u TCP-LISTEN:"$PORT",bind=127.0.0.1,reuseaddr,rcvbuf=2048 \
                "SYSTEM:head -c 100000 >$BATS_TEST_TMPDIR/got; exec sleep 60,pipes" 3>&- &
        echo $! >"$BATS_TEST_TMPDIR/printer.pid"
        sleep 0.5
        expect 1 m cus --lang en label print "$A" "$B" --printer "tcp:127.0.0.1:$PORT" --copies 3 --timeout 5
        [[ "$output" == *"1 of 2 are out"* ]]
        [ "$(m cus --json media show $A | jq -r .label_state)" = valid ]
        [ "$(m cus --json media history $A | jq -r '.rows[-1].type')" = label.printed ]
        [ "$(m cus --json media history $B | jq -r '.rows[-1].type')" = label.unsent ]
        expect 0 m sara ledger verify
}

@test "L10: a jammed printer is given up in time" {
        # It listens and takes nothing: the kernel's buffers fill up.
        socat -u TCP-LISTEN:"$PORT",bind=127.0.0.1,reuseaddr,rcvbuf=2048 'SYSTEM:sleep 30' 3>&- &
        echo $! >"$BATS_TEST_TMPDIR/printer.pid"
        sleep 0.3
        kill -STOP "$(cat "$BATS_TEST_TMPDIR/printer.pid")"
        SECONDS=0
        expect 1 m cus --lang en label print "$A" --printer "tcp:127.0.0.1:$PORT" --copies 20 --dpi 600 --timeout 3
        [ "$SECONDS" -lt 20 ]
        [[ "$output" == *"took "*" of "*" bytes"* ]]
        kill -CONT "$(cat "$BATS_TEST_TMPDIR/printer.pid")"
}

@test "L5: what is no printer is refused, and nothing is recorded" {
        before=$(facts $A)
        for bad in lpt1 tcp: tcp:a:0 tcp:a:99999 'cups:a b' cups: ipp:///x 'tcp:a;b' "$(printf 'tcp:%300s' x)"; do
                expect 2 m cus label print "$A" --printer "$bad"
        done
        expect 2 m cus label print "$A"
        expect 2 m cus label print "$A" --printer tcp:127.0.0.1 --format svg
        [ "$(facts $A)" = "$before" ]
        expect 3 m olga label void "$A" --reason x
}

# A CUPS of the test's own: two queues that keep what they get, one of them stopped, and one that takes no jobs.
own_cups() {
        [ "$(id -u)" -eq 0 ] && command -v cupsd >/dev/null || skip 'SKIPPED: no cupsd, or not root (cups-daemon)'
        CUPS=$(mktemp -d /tmp/mpsi-cups-XXXXXX)
        chmod 755 "$CUPS"
        mkdir -p "$CUPS"/{root,spool,cache,state,log,tmp,bin/backend,bin/filter,out}
        chmod 777 "$CUPS/out"
        ln -s /usr/lib/cups/daemon "$CUPS/bin/daemon"
        printf '#!/bin/sh\n[ $# -gt 0 ] || exit 0\ncat ${6:+"$6"} >"%s/out/$(date +%%N)"\n' "$CUPS" >"$CUPS/bin/backend/keep"
        chmod 755 "$CUPS/bin/backend/keep"
        cat >"$CUPS/files.conf" <<END
User lp
Group lp
SystemGroup root
ServerBin $CUPS/bin
ServerRoot $CUPS/root
RequestRoot $CUPS/spool
CacheDir $CUPS/cache
StateDir $CUPS/state
TempDir $CUPS/tmp
AccessLog $CUPS/log/access
ErrorLog $CUPS/log/error
PageLog $CUPS/log/page
END
        printf '%s\n' "Listen $CUPS/sock" 'Browsing No' 'DefaultAuthType None' 'WebInterface No' '<Location />' 'Allow all' \
                '</Location>' '<Policy default>' '<Limit All>' 'Order allow,deny' 'Allow all' '</Limit>' '</Policy>' >"$CUPS/cupsd.conf"
        for queue in 'etiquetas Idle Yes' 'parada Stopped Yes' 'cerrada Idle No'; do
                set -- $queue
                printf '<Printer %s>\nDeviceURI keep:/%s\nState %s\nAccepting %s\nShared No\nOpPolicy default\nErrorPolicy stop-printer\n</Printer>\n' \
                        "$1" "$1" "$2" "$3"
        done >"$CUPS/root/printers.conf"
        cupsd -f -c "$CUPS/cupsd.conf" -s "$CUPS/files.conf" 3>&- &
        echo $! >"$BATS_TEST_TMPDIR/cupsd.pid"
        export CUPS_SERVER=$CUPS/sock
        local i
        for ((i = 0; i < 100; i++)); do [ ! -S "$CUPS/sock" ] || return 0; sleep 0.05; done
}

@test "L5: a print queue gets a PDF in true size; one that is stopped keeps it; one that takes nothing is told" {
        own_cups
        expect 0 m cus --json label print "$A" "$B" --printer cups:etiquetas --design m2
        [ "$(jq -r '.rows[1].job_state' <<<"$output")" = completed ]
        [[ "$(head -c 5 "$CUPS"/out/*)" == %PDF- ]]
        pdfinfo "$CUPS"/out/* | grep -q 'Page size: *107.717 x 56.6929'
        [ "$(pdfinfo "$CUPS"/out/* | awk '/^Pages/ { print $2 }')" = 2 ]
        expect 0 m cus --lang en label print "$A" --printer cups:parada
        [[ "$output" == *"waits in the queue"* ]]
        before=$(m cus --json media show $A | jq .label_revision)
        expect 1 m cus --lang en label print "$A" --printer cups:cerrada
        [[ "$output" == *"accepts no jobs"* ]]
        expect 1 m cus --lang en label print "$A" --printer cups:nadie
        [ "$(m cus --json media show $A | jq .label_revision)" = "$before" ]
        rm -rf "$CUPS"
}
