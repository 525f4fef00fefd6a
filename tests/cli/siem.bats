#!/usr/bin/env bats
# mpsi-siem against receivers that die, lie or are away: X2, X3, X6.
load helper

setup_file() {
        BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
        make_store
        make_certificates
}

setup() {
        STORE=$BATS_TEST_TMPDIR/store LOG=$BATS_TEST_TMPDIR/log SAID=$BATS_TEST_TMPDIR/said
        CONFIG=$BATS_TEST_TMPDIR/mpsi.conf PKI=$BATS_FILE_TMPDIR
        SECRETS=()
        cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
        : >"$LOG"
        : >"$SAID"
}

teardown() {
        stop_siem KILL
        stop_receiver KILL
}

# An authority, a server for "localhost" and 127.0.0.1, one for another name, and a client.
make_certificates() {
        local name san
        (
                cd "$BATS_FILE_TMPDIR"
                for name in ca other-ca; do
                        openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$name" -keyout $name.key -out $name.pem
                done
                for name in server stranger client; do
                        san=DNS:localhost,IP:127.0.0.1
                        [ "$name" = server ] || san=DNS:siem.elsewhere.example
                        openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout $name.key -out $name.csr
                        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out $name.pem \
                                -extfile <(printf 'subjectAltName=%s' "$san")
                done
                chmod 600 ./*.key
        ) >/dev/null 2>&1
}

configure() {
        {
                printf '[siem]\nhost = %s\nport = %s\njournal = no\n' "${HOST:-127.0.0.1}" "$PORT"
                printf '%s\n' "$@"
        } >"$CONFIG"
}

# The first one takes any free port, the next ones the same.
start_receiver() {
        rm -f "$BATS_TEST_TMPDIR/port"
        "$MPSI_BUILD/tests/siem_receiver" --port "${PORT:-0}" --port-file "$BATS_TEST_TMPDIR/port" --log "$LOG" "$@" 3>&- &
        receiver=$!
        wait_until test -s "$BATS_TEST_TMPDIR/port"
        PORT=$(cat "$BATS_TEST_TMPDIR/port")
}

stop_receiver() {
        [ -n "${receiver:-}" ] || return 0
        kill -"${1:-KILL}" "$receiver" 2>/dev/null || true
        wait "$receiver" 2>/dev/null || true
        receiver=
}

start_siem() {
        "$MPSI_BUILD/mpsi-siem" --store "$STORE" --config "$CONFIG" --lang en "$@" 2>>"$SAID" 3>&- &
        siem=$!
}

stop_siem() {
        local status=0
        [ -n "${siem:-}" ] || return 0
        kill -"${1:-TERM}" "$siem" 2>/dev/null || true
        wait "$siem" 2>/dev/null || status=$?
        siem=
        [ "${1:-TERM}" = KILL ] || [ "$status" -eq 0 ] || {
                printf "mpsi-siem ended with %s\n" "$status"
                cat "$SAID"
                return 1
        }
}

# wait_until COMMAND…: at most a minute, as 60 s is how long the program may rest between two tries.
wait_until() {
        local i
        for i in {1..600}; do
                ! "$@" >/dev/null 2>&1 || return 0
                sleep 0.1
        done
        printf 'never: %s\n' "$*"
        tail -n 20 "$SAID"
        return 1
}

said() {
        grep -q -- "$1" "$SAID"
}

events() {
        sqlite3 "$STORE/registry.db" 'SELECT count(*) FROM event'
}

# The events of the log, one number a line, as they came.
received() {
        grep -o '^[0-9]* <[0-9]*>1 .* \[mpsi@32473 station="desk-1" seq="[0-9]*" hash="[0-9a-f]*" actor=' "$LOG" |
                sed 's/.* seq="\([0-9]*\)".*/\1/'
}

complete() {
        [ "$(received | sort -nu | wc -l)" -eq "$(events)" ]
        [ "$(received | sort -n | tail -n 1)" -eq "$(events)" ]
}

# Every line is a message, and in each connection the numbers only go up.
log_is_sound() {
        ! grep -q '^[0-9]* BAD' "$LOG" &&
                grep 'actor=' "$LOG" | sed 's/^\([0-9]*\) .* seq="\([0-9]*\)" hash.*/\1 \2/' |
                awk '$1 == c && $2 != last + 1 { print "order: " $0; bad = 1 } { c = $1; last = $2 } END { exit bad }'
}

many_media() {
        seq -f "$1-%05g,tape,CONFIDENCIAL,MEDIA,ana,2040-01-01,3650" "$2" |
                sed '1i serial,kind,classification,category,owner,expires,retention' >"$BATS_TEST_TMPDIR/media.csv"
        m cus media import "$BATS_TEST_TMPDIR/media.csv" >/dev/null
}

acknowledged() {
        [ "$(m sara --json siem status | jq -r '.rows[] | select(.to == "network") | .state')" = ok ]
}

@test "X3: every event and refusal arrives as RFC 5424, and the checkpoint holds" {
        start_receiver
        configure 'transport = tcp'
        start_siem
        wait_until complete
        expect 3 m olga person add eve --full-name Eve --roles user
        register_tape T-1
        wait_until complete
        wait_until acknowledged
        log_is_sound
        grep -q '<108>1 20.* mpsi [0-9]* act.refused \[mpsi@32473 .* verb="person add" outcome="denied" rule="X1"\]' "$LOG"
        said 'without TLS'
        # X2: the newest checkpoint that was sent proves that the ledger is the one that the SIEM saw.
        grep -o 'checkpoint="[^"]*"' "$LOG" | tail -n 1 | sed 's/^[^"]*"//; s/"$//' | base64 -d >"$BATS_TEST_TMPDIR/checkpoint"
        m sara ledger checkpoint --out "$BATS_TEST_TMPDIR/newest"
        cmp "$BATS_TEST_TMPDIR/checkpoint" "$BATS_TEST_TMPDIR/newest"
        m sara ledger verify --checkpoint "$BATS_TEST_TMPDIR/checkpoint"
        stop_siem
}

@test "X3: CEF is parsed back to the same values" {
        local line header cef
        start_receiver
        configure 'transport = tcp' 'format = cef' 'facility = local4'
        m cus media register --kind tape --classification CONFIDENCIAL --category MEDIA --owner ana --expires 2040-01-01 \
                --retention 30 --serial C-1 --note 'a=b|c\d'
        start_siem
        wait_until grep -q 'cs6Label=checkpoint' "$LOG"
        line=$(grep '|medium.registered|' "$LOG" | tail -n 1)
        # <166> is local4.info; then the header's seven fields, and the extension's last key, unescaped.
        header='^1 <166>1 [0-9TZ:.-]+ [^ ]+ mpsi [0-9]+ medium.registered - '
        cef='CEF:0[|]mpsi[|]mpsi[|][0-9.]+[|]medium.registered[|]Soporte registrado[|]3[|]rt=[0-9]{13} '
        [[ $line =~ $header$cef ]]
        [[ $line == *" externalId=$(events) "* && $line == *' suser=cus '* ]]
        sed 's/.* cs6=//; s/\\\([=\\]\)/\1/g' <<<"$line" | jq -e '.note == "a=b|c\\d"'
        stop_siem
}

@test "X3: a receiver killed 20 times in mid-stream gets everything, each connection in order" {
        local i n
        many_media K 3000
        start_receiver --delay 300
        configure 'transport = tcp'
        start_siem
        for i in {1..20}; do
                n=$(wc -l <"$LOG")
                wait_until eval "[ \"\$(wc -l <'$LOG')\" -gt $((n + 20)) ]"
                stop_receiver KILL
                # A new program counts its connections from 1 again: the log says which one it was.
                mv "$LOG" "$LOG.$i"
                : >"$LOG"
                start_receiver --delay 300
        done
        stop_receiver KILL
        mv "$LOG" "$LOG.21"
        start_receiver
        for i in {1..21}; do sed "s/^\([0-9]*\) /$i\1 /" "$LOG.$i"; done >"$BATS_TEST_TMPDIR/before"
        wait_until eval 'cat "$BATS_TEST_TMPDIR/before" "$LOG" >"$LOG.all"; (LOG=$LOG.all; complete)'
        LOG=$LOG.all log_is_sound
        wait_until acknowledged
        stop_siem
}

@test "X3: kill -9 of mpsi-siem at random moments loses nothing" {
        local i
        many_media R 1500
        start_receiver --delay 100
        configure 'transport = tcp'
        for i in {1..20}; do
                start_siem
                sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
                stop_siem KILL
        done
        start_siem
        wait_until complete
        log_is_sound
        stop_siem
}

@test "X3: a SIEM that is away loses nothing, and siem status says how far behind it is" {
        start_receiver
        stop_receiver
        configure 'transport = tcp'
        start_siem
        wait_until said "can't be connected to"
        many_media A 300
        run m sara --json siem status
        [ "$(jq -r '.rows[0] | "\(.state) \(.acknowledged) \(.behind)"' <<<"$output")" = "behind 0 $(events)" ]
        m sara ledger verify
        start_receiver
        wait_until complete
        wait_until acknowledged
        stop_siem
}

@test "X3: a slow SIEM holds the station up in nothing" {
        many_media S 2000
        start_receiver --delay 20000
        configure 'transport = tcp'
        start_siem
        wait_until grep -q actor= "$LOG"
        SECONDS=0
        register_tape during
        [ "$SECONDS" -lt 3 ]
        [ "$(received | wc -l)" -lt 1000 ]
        [ "$(awk '/VmRSS/ { print $2 }' "/proc/$siem/status")" -lt 200000 ]
        stop_siem
}

@test "X6: TLS is verified: authority, name, address, version; a client certificate is shown" {
        start_receiver --certificate "$PKI/server.pem" --key "$PKI/server.key" --client-ca "$PKI/ca.pem"
        HOST=localhost configure "ca = $PKI/ca.pem" "client-certificate = $PKI/client.pem" "client-key = $PKI/client.key"
        start_siem
        wait_until complete
        wait_until acknowledged
        log_is_sound
        said 'connected with TLSv1.3'
        stop_siem
        : >"$LOG"
        register_tape L-1
        configure "ca = $PKI/ca.pem" "client-certificate = $PKI/client.pem" "client-key = $PKI/client.key"
        start_siem
        wait_until grep -q 'subject="HQ0' "$LOG" # by address
        stop_siem
        chmod 644 "$PKI/client.key"
        run "$MPSI_BUILD/mpsi-siem" --store "$STORE" --config "$CONFIG" --lang en
        chmod 600 "$PKI/client.key"
        [ "$status" -eq 2 ]
        [[ $output == *'Anybody can read the key'* ]]
}

@test "X6: a wrong authority, a wrong name and a client without a certificate get no event across" {
        start_receiver --certificate "$PKI/server.pem" --key "$PKI/server.key"
        HOST=localhost configure "ca = $PKI/other-ca.pem"
        start_siem
        wait_until said 'certificate does not hold'
        stop_siem
        stop_receiver
        start_receiver --certificate "$PKI/stranger.pem" --key "$PKI/stranger.key"
        HOST=localhost configure "ca = $PKI/ca.pem"
        start_siem
        wait_until said 'hostname mismatch'
        stop_siem
        configure "ca = $PKI/ca.pem"
        start_siem
        wait_until said 'IP address mismatch'
        stop_siem
        stop_receiver
        start_receiver --certificate "$PKI/server.pem" --key "$PKI/server.key" --client-ca "$PKI/ca.pem"
        HOST=localhost configure "ca = $PKI/ca.pem"
        : >"$LOG"
        start_siem
        wait_until grep -q 'TLS refused' "$LOG"
        # TLS 1.3 lets the client speak before it is refused: what the kernel took then does not count.
        wait_until said 'connection broke\|certificate required'
        sleep 2
        run m sara --json siem status
        [ "$(jq -r '.rows[0] | "\(.state) \(.acknowledged)"' <<<"$output")" = 'behind 0' ]
        stop_siem
        [ -z "$(received)" ]
}

@test "X6: a server of TLS 1.1 only is refused, one of TLS 1.2 is not" {
        local server
        PORT=$((20000 + RANDOM % 10000))
        HOST=localhost configure "ca = $PKI/ca.pem"
        openssl s_server -accept "$PORT" -cert "$PKI/server.pem" -key "$PKI/server.key" -tls1_1 -cipher 'ALL:@SECLEVEL=0' -quiet \
                </dev/null >"$LOG" 2>/dev/null 3>&- &
        server=$!
        start_siem
        wait_until said 'TLS failed'
        stop_siem
        kill "$server"
        [ ! -s "$LOG" ]
        openssl s_server -accept "$PORT" -cert "$PKI/server.pem" -key "$PKI/server.key" -tls1_2 -quiet \
                < <(exec sleep 30 3>&-) >"$LOG" 2>/dev/null 3>&- &
        server=$!
        start_siem
        wait_until said 'connected with TLSv1.2'
        wait_until grep -q store.created "$LOG"
        stop_siem
        kill "$server"
}

@test "X3: over TLS, killed receivers and kill -9 of mpsi-siem: everything arrives" {
        local i
        many_media T 1500
        start_receiver --certificate "$PKI/server.pem" --key "$PKI/server.key" --delay 200
        HOST=localhost configure "ca = $PKI/ca.pem"
        for i in {1..5}; do
                start_siem
                sleep "0.$((2 + RANDOM % 6))"
                stop_receiver KILL
                sleep "0.$((RANDOM % 4))"
                stop_siem KILL
                sed "s/^/$i/" "$LOG" >>"$BATS_TEST_TMPDIR/before"
                : >"$LOG"
                start_receiver --certificate "$PKI/server.pem" --key "$PKI/server.key" --delay 200
        done
        start_siem
        wait_until eval 'cat "$BATS_TEST_TMPDIR/before" "$LOG" >"$LOG.all"; (LOG=$LOG.all; complete)'
        LOG=$LOG.all log_is_sound
        stop_siem
}

@test "X3: a good-bye over TLS with events unread in the receiver's kernel loses none of them" {
        many_media G 300
        start_receiver --certificate "$PKI/server.pem" --key "$PKI/server.key" --end-after 100
        HOST=localhost configure "ca = $PKI/ca.pem"
        start_siem
        wait_until grep -q '^4 ' "$LOG"
        [ "$(received | sort -nu | wc -l)" -lt "$(events)" ]
        stop_receiver
        : >"$LOG"
        start_receiver --certificate "$PKI/server.pem" --key "$PKI/server.key"
        wait_until complete
        log_is_sound
        stop_siem
}

@test "X2: a ledger rolled back below what was sent is a critical message, and goes on" {
        cp -a "$STORE" "$STORE.old"
        start_receiver
        configure 'transport = tcp'
        register_tape B-1
        start_siem
        wait_until acknowledged
        stop_siem
        rm -rf "$STORE"
        mv "$STORE.old" "$STORE"
        run m sara --json siem status
        [ "$(jq -r '.rows[0].state' <<<"$output")" = ahead ]
        : >"$LOG"
        start_siem
        wait_until grep -q '<106>1 .* ledger.tampered .*acaba antes del último evento enviado' "$LOG"
        wait_until complete
        wait_until acknowledged
        [ "$(grep -c ledger.tampered "$LOG")" -eq 1 ]
        register_tape B-2
        wait_until complete
        stop_siem
        # The same number, another event: the hash at the cursor tells.
        : >"$LOG"
        sqlite3 "$STORE/registry.db" 'DROP TRIGGER event_keep' "UPDATE event SET hash = zeroblob(32) WHERE seq = $(events)"
        start_siem
        wait_until grep -q 'ledger.tampered .*último evento enviado' "$LOG"
        wait_until grep -q 'ledger.tampered .*no es el de su hash' "$LOG"
        stop_siem
}

@test "X3: a damaged cursor sends all again and says so; a full disk stops nothing" {
        start_receiver
        configure 'transport = tcp'
        start_siem
        wait_until acknowledged
        stop_siem
        printf 'nonsense' >"$STORE-siem/network"
        run m sara --json siem status
        [ "$(jq -r '.rows[0].state' <<<"$output")" = damaged ]
        : >"$LOG"
        start_siem
        wait_until complete
        grep -q 'ledger.resent' "$LOG"
        wait_until acknowledged
        stop_siem
        [ "$(id -u)" -eq 0 ] || skip 'SKIPPED: a full disk takes root'
        : >"$LOG"
        unshare --mount bash -c '
                mount -t tmpfs -o size=4k tmpfs "$1-siem"
                head -c 4096 /dev/zero >"$1-siem/full" 2>/dev/null
                : >"$1-siem/network"
                exec "$2" --store "$1" --config "$3" --lang en' - "$STORE" "$MPSI_BUILD/mpsi-siem" "$CONFIG" 2>>"$SAID" 3>&- &
        siem=$!
        wait_until complete
        wait_until said 'network: .*No space left'
        register_tape F-1
        wait_until complete
        stop_siem
}

@test "X3: the store may be mounted read-only for it, in use and not" {
        local i holder
        [ "$(id -u)" -eq 0 ] || skip 'SKIPPED: a mount takes root'
        start_receiver
        configure 'transport = tcp'
        mkdir "$STORE-siem"
        unshare --mount bash -c '
                mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 9
                exec "$2" --store "$1" --config "$3" --lang en' - "$STORE" "$MPSI_BUILD/mpsi-siem" "$CONFIG" 2>>"$SAID" 3>&- &
        siem=$!
        wait_until complete
        for i in {1..5}; do register_tape "O-$i"; done
        wait_until complete
        many_media O 500
        sqlite3 "$STORE/registry.db" 'SELECT 1; BEGIN; SELECT count(*) FROM event' '.shell sleep 2' >/dev/null &
        holder=$!
        for i in {6..9}; do register_tape "O-$i"; done
        wait "$holder"
        wait_until complete
        log_is_sound
        ! grep -q tampered "$LOG"
        stop_siem
}

@test "idle: no wake-ups, and none of the store's files is open" {
        local before after
        start_receiver --certificate "$PKI/server.pem" --key "$PKI/server.key"
        HOST=localhost configure "ca = $PKI/ca.pem"
        start_siem
        wait_until complete
        wait_until acknowledged
        sleep 3
        before=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$siem/status")
        sleep 5
        after=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$siem/status")
        [ $((after - before)) -le 2 ]
        ! ls -l "/proc/$siem/fd" | grep -q registry.db
        stop_siem
}

@test "X3: the journal gets every event with its fields, in the station's language" {
        [ "$(id -u)" -eq 0 ] || skip 'SKIPPED: a journal of its own takes root'
        local unshared
        printf '[siem]\njournal = yes\n' >"$CONFIG"
        unshare --mount bash -c '
                mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal
                "$4" --journal /run/systemd/journal/socket --log "$5" &
                receiver=$!
                while [ ! -S /run/systemd/journal/socket ]; do sleep 0.05; done
                "$2" --store "$1" --config "$3" --lang en &
                printf "%s" $! >"$1.pid"
                wait $!
                kill $receiver' - "$STORE" "$MPSI_BUILD/mpsi-siem" "$CONFIG" "$MPSI_BUILD/tests/siem_receiver" "$LOG" 2>>"$SAID" 3>&- &
        unshared=$!
        wait_until eval '[ "$(grep -c MPSI_ACTOR "$LOG")" -eq "$(events)" ]'
        register_tape J-1
        wait_until eval '[ "$(grep -c MPSI_ACTOR "$LOG")" -eq "$(events)" ]'
        wait_until eval 'm sara --json siem status | jq -e ".rows[] | select(.to == \"journal\") | .state == \"ok\""'
        kill "$(cat "$STORE.pid")"
        wait "$unshared"
        cut -d' ' -f2- "$LOG" | jq -se '[.[] | select(.MPSI_EVENT == "medium.registered")] | last |
                .MPSI_ACTOR == "cus" and .PRIORITY == "6" and .SYSLOG_IDENTIFIER == "mpsi" and
                (.MESSAGE | startswith("Soporte registrado: HQ")) and (.MPSI_DATA | fromjson | .serial == "J-1")'
        cut -d' ' -f2- "$LOG" | jq -se 'map(select(.MPSI_EVENT == "ledger.checkpoint")) | last | .MPSI_CHECKPOINT' |
                tr -d '"' | base64 -d >"$BATS_TEST_TMPDIR/checkpoint"
        m sara ledger verify --checkpoint "$BATS_TEST_TMPDIR/checkpoint"
}

@test "configuration that is not understood ends it with status 2" {
        PORT=6514 configure 'verify = no'
        expect 2 "$MPSI_BUILD/mpsi-siem" --store "$STORE" --config "$CONFIG" --lang en
        [[ $output == *'[siem] verify: unknown key.'* ]]
        printf '[siem]\njournal = no\n' >"$CONFIG"
        expect 2 "$MPSI_BUILD/mpsi-siem" --store "$STORE" --config "$CONFIG" --lang en
        expect 2 "$MPSI_BUILD/mpsi-siem" --nonsense
}

@test "a store that comes later is waited for" {
        start_receiver
        configure 'transport = tcp'
        mv "$STORE" "$STORE.later"
        start_siem
        wait_until said "can't be watched"
        mv "$STORE.later" "$STORE"
        wait_until complete
        said 'working again'
        stop_siem
}
