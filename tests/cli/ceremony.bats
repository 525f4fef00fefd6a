# The key ceremony and recovery from shares as people do them, at a real terminal (C4, C5).
bats_require_minimum_version 1.5.0
load helper
load terminal

PIN=a-long-enough-secret
CUSTODIANS=(ana cus olga oto eva)

setup_file() {
        BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR make_store
        local who
        m sara person add eva --full-name "Eva Núñez de la Peña" --title "Jefa de Archivo" --roles operator >/dev/null
        for who in "${CUSTODIANS[@]}"; do
                m sara --secret "pin:$who=file:$BATS_FILE_TMPDIR/secret" person enrol "$who" >/dev/null
        done
}

setup() {
        STORE=$BATS_TEST_TMPDIR/store
        cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
        cd "$BATS_TEST_TMPDIR"
        umask 077
        echo "$PIN" >secret
        echo "a new and long passphrase" >new
        SECRETS=(--secret master=file:secret)
        WHERE=() # the ceremony's key: in the software store, unless a test says where
}

teardown() {
        terminal_end
}

# words_of SHEET: its words, one a line, in their order.
words_of() {
        pdftotext -layout "$1" - | sed -n '/La parte en palabras/,/In English/p' | grep -oE '\b[0-9]{1,2} [[:alpha:]]+' |
                sort -n | awk '{ print $2 }'
}

# The two words that the screen asks for, from a list of them.
two_words() {
        local n first
        await '^Palabra [0-9]+: *$' || return
        first=$(screen | grep -oE '^Palabra [0-9]+: *$' | grep -oE '[0-9]+')
        answer '^Palabra [0-9]+: *$' "$(sed -n "${first}p" "$1")"
        await "^Palabra $first: [[:alpha:]]" || return
        await '^Palabra [0-9]+: *$' || return
        n=$(screen | grep -oE '^Palabra [0-9]+: *$' | grep -oE '[0-9]+')
        answer '^Palabra [0-9]+: *$' "$(sed -n "${n}p" "$1")"
}

one_turn() {
        local number=$1 who=$2
        answer "Custodio $number de [0-9]+" "$who"
        answer 'PIN de ' "$PIN"
        await 'teclee dos palabras'
        words_of sheets/share-*-"$number-$who.pdf" >"words.$number"
        two_words "words.$number"
}

# ceremony THRESHOLD NAME…: held from the first to the last, by sara.
ceremony() {
        local threshold=$1 number=0 who
        shift
        terminal "$MPSI" --store "$STORE" --as sara --lang es --secret master=file:secret --secret new-master=file:new \
                key ceremony --threshold "$threshold" --custodians "$(IFS=,; echo "$*")" --sheets sheets --out transcript.pdf \
                "${WHERE[@]}"
        for who in "$@"; do
                number=$((number + 1))
                one_turn "$number" "$who" || return
        done
        answer 'Todos los custodios tienen su parte' sara
        answer 'PIN de Sara' "$PIN"
        await '\[exit [0-9]+\]'
        screen
        screen | grep -q '\[exit 0\]'
        terminal_end
        cp new secret
}

# share N: the text of a sheet's QR, into a file.
share() {
        pdftoppm -r 150 -png sheets/share-*-"$1"-*.pdf "page.$1"
        zbarimg --quiet --raw -Sdisable -Sqrcode.enable "page.$1-1.png" >"share.$1" 2>/dev/null
        chmod 600 "share.$1"
}

# register NAME: an image file as a medium; prints its ID.
register() {
        truncate -s 64M "$1.img"
        m cus --json media register --device "$1.img" --classification INTERNO --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 3650 | jq -r '.id // .medium'
}

registry() {
        sqlite3 -readonly "$STORE/registry.db" "$1"
}

shares_given() {
        local i=0 file
        GIVEN=()
        for file in "$@"; do
                i=$((i + 1))
                GIVEN+=(--secret "share:$i=file:$file")
        done
}

@test "C4, C5: a ceremony of 3 of 5 at a terminal, its transcript, and a rehearsal from any three shares" {
        expect 0 m sara key status
        ceremony 3 "${CUSTODIANS[@]}"

        # Nothing of a share is left on the screen's memory, and the sheets are nobody else's.
        [ "$(stat -c %a sheets)" = 700 ]
        [ "$(stat -c %a sheets/*.pdf | sort -u)" = 600 ]
        [ "$(ls sheets | wc -l)" -eq 5 ]

        # The transcript: six signatures, and it says nothing that a sheet says.
        pdfsig -nocert transcript.pdf >sigs || true
        [ "$(grep -c 'Signature is Valid' sigs)" -eq 6 ]
        [ "$(grep -c 'Total document signed' sigs)" -ge 1 ]
        pdftotext -layout transcript.pdf - >transcript.txt
        grep -q 'Eva Núñez de la Peña' transcript.txt
        local n
        for n in 1 2 3 4 5; do
                share "$n"
                grep -Eq '^MPSISHARE[A-Z2-7]{80}$' "share.$n"
                run ! grep -q "$(cut -c10-40 "share.$n")" transcript.txt
                run ! grep -rqa "$(cut -c10-40 "share.$n")" "$STORE"
        done

        # On record with its commitments; the old passphrase opens nothing.
        [ "$(registry 'SELECT count(DISTINCT commitment) FROM key_custodian')" -eq 5 ]
        echo "$PIN" >old
        chmod 600 old
        expect 3 "$MPSI" --store "$STORE" --as sara --secret master=file:old key rotate
        expect 0 "$MPSI" --store "$STORE" --as sara --secret master=file:new key rotate

        # Any three.
        local set before
        before=$(sha256sum "$STORE/vault.db")
        for set in "1 2 3" "5 3 1" "2 4 5"; do
                # shellcheck disable=SC2086
                shares_given $(printf 'share.%s ' $set)
                expect 0 m sara "${GIVEN[@]}" key recover --rehearse
        done
        # And as words, the first four letters of each.
        tr '\n' ' ' <words.4 | sed 's/$/\n/' >share.4w
        python3 -c 'import sys,unicodedata
print(" ".join("".join(c for c in unicodedata.normalize("NFD", w) if ord(c) < 128)[:4] for w in open("words.2").read().split()))' >share.2w
        shares_given share.4w share.2w share.1
        expect 0 m sara "${GIVEN[@]}" key recover --rehearse
        [ "$before" = "$(sha256sum "$STORE/vault.db")" ]
        [ "$(registry 'SELECT count(*) FROM key_rehearsal')" -eq 4 ]
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "C4: a damaged, foreign, duplicated or wrong share is named, and too few are refused" {
        ceremony 2 ana cus olga
        local n
        for n in 1 2 3; do share "$n"; done
        cp -a "$STORE" kept

        # Damaged: one character.
        sed 's/\(.\{60\}\)./\1A/; t' share.2 >damaged
        cmp -s share.2 damaged && sed 's/\(.\{60\}\)./\1B/' share.2 >damaged
        shares_given share.1 damaged
        expect 6 m sara "${GIVEN[@]}" key recover --rehearse
        [[ $output == *"Share 2, of Custodio Ruiz, is damaged"* ]]
        [[ $output == *C5.1* ]]
        # Twice.
        shares_given share.3 share.3
        expect 6 m sara "${GIVEN[@]}" key recover --rehearse
        [[ $output == *"Share 3, of Olga Peña, was given already"* ]]
        # No share at all.
        echo 'buenos días' >none
        shares_given none
        expect 2 m sara "${GIVEN[@]}" key recover --rehearse
        # One word of a share is another.
        awk 'NR == 7 { $0 = ($0 == "zurdo" ? "ábaco" : "zurdo") } { printf "%s ", $0 } END { print "" }' words.1 >swapped
        shares_given share.3 swapped
        expect 6 m sara "${GIVEN[@]}" key recover --rehearse
        # Too few: nobody gives the second.
        shares_given share.3
        expect 2 setsid -w "$MPSI" --store "$STORE" --as sara "${GIVEN[@]}" key recover --rehearse
        [ "$(registry 'SELECT count(*) FROM key_rehearsal')" -eq 0 ]

        # Foreign: of another ceremony, whose key is in force by now.
        mkdir first
        mv share.? sheets first/
        ceremony 2 ana cus olga
        for n in 1 2 3; do share "$n"; done
        shares_given share.1 first/share.2
        expect 6 m sara "${GIVEN[@]}" key recover --rehearse
        [[ $output == *"Share 2 (ceremony "*"is of another ceremony"* ]]
        # The first ceremony's shares are good, and their key is no longer the one in force.
        shares_given first/share.1 first/share.2
        expect 6 m sara "${GIVEN[@]}" key recover --rehearse --ceremony "$(basename first/sheets/*-1-ana.pdf | cut -d- -f2)"
        [[ $output == *"is in force, which is another"* ]]
}

@test "C4: the passphrase is lost; the shares restore the master key, and stay good" {
        ceremony 2 ana cus olga
        share 1
        share 3
        echo "another long passphrase" >third
        shares_given share.3 share.1
        SECRETS=(--secret new-master=file:third)
        expect 0 m sara "${GIVEN[@]}" key recover --restore
        expect 3 "$MPSI" --store "$STORE" --as sara --secret master=file:new key rotate
        expect 0 "$MPSI" --store "$STORE" --as sara --secret master=file:third key rotate
        SECRETS=(--secret master=file:third)
        expect 0 m sara "${GIVEN[@]}" key recover --rehearse
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "C4, C5: the key of a ceremony lives in an HSM, and its shares put it into another one" {
        local module=/usr/lib/softhsm/libsofthsm2.so disk
        [ -e "$module" ] || skip 'SKIPPED: no SoftHSM2'
        mkdir tokens
        printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens" >softhsm2.conf
        export SOFTHSM2_CONF=$PWD/softhsm2.conf
        softhsm2-util --init-token --free --label first --pin 246813 --so-pin 13572468 >/dev/null
        softhsm2-util --init-token --free --label second --pin 864213 --so-pin 13572468 >/dev/null
        WHERE=(--provider pkcs11 --module "$module" --token first)
        echo 246813 >new
        ceremony 2 ana cus olga
        [ "$(m sara --json key status | jq -r .provider)" = pkcs11 ]
        disk=$(register disk)
        expect 0 m olga --secret recovery=file:secret encrypt run "$disk" disk.img --confirm "$disk"
        share 2
        share 3
        shares_given share.2 share.3
        expect 0 m sara "${GIVEN[@]}" key recover --rehearse
        # The HSM is lost.
        rm -rf tokens/*
        softhsm2-util --init-token --free --label second --pin 864213 --so-pin 13572468 >/dev/null
        expect 1 m sara key rotate
        echo 864213 >third
        expect 0 m sara --secret new-master=file:third "${GIVEN[@]}" key recover --restore --provider pkcs11 --module "$module" \
                --token second
        cp third secret
        expect 0 m sara key rotate
        expect 0 m sara "${GIVEN[@]}" key recover --rehearse
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "C4, C5, C7: the key of a ceremony is sealed by a TPM" {
        command -v swtpm >/dev/null || skip 'SKIPPED: no swtpm'
        mkdir tpm
        swtpm socket --tpm2 --tpmstate "dir=$PWD/tpm" --server "type=unixio,path=$PWD/sock" --ctrl "type=unixio,path=$PWD/sock.ctrl" \
                --flags not-need-init,startup-clear >swtpm.log 2>&1 3>&- &
        tpm=$!
        for _ in {1..100}; do [ ! -S sock ] || break; sleep 0.05; done
        WHERE=(--provider tpm2 --tcti "swtpm:path=$PWD/sock")
        ceremony 2 ana cus olga
        share 1
        share 2
        shares_given share.1 share.2
        # Without a question; and again from the shares.
        SECRETS=()
        expect 0 m sara key rotate
        expect 0 m sara "${GIVEN[@]}" key recover --rehearse
        expect 0 m sara ledger verify
        kill "$tpm"
}

@test "C4, C5: words on the screen are shown once and are gone afterwards" {
        terminal "$MPSI" --store "$STORE" --as sara --lang es --secret master=file:secret --secret new-master=file:new \
                key ceremony --threshold 2 --custodians ana,cus,olga
        answer 'Custodio 1 de 3' ana
        answer 'PIN de ' "$PIN"
        await 'Pulse Intro'
        screen | grep -oE '[0-9]+\. +[[:alpha:]]+' | sort -n | awk '{ print $2 }' >words.1
        [ "$(wc -l <words.1)" -eq 35 ]
        answer 'Pulse Intro' ''
        await 'Palabra [0-9]+:'
        run ! grep -qwFf words.1 <(screen_all | tr -d '\n')
        two_words words.1
        await 'Custodio 2 de 3'
        run ! grep -qwFf words.1 <(screen_all)
        # The wrong person three times: nothing has changed.
        answer 'Custodio 2 de 3' olga
        sleep 0.3
        answer 'Custodio 2 de 3' olga
        sleep 0.3
        answer 'Custodio 2 de 3' olga
        await '\[exit 5\]'
        screen | grep -q 'Se esperaba a cus'
        expect 0 "$MPSI" --store "$STORE" --as sara --secret master=file:secret key rotate
}

@test "C5: killed in the middle of a ceremony, the old master key is whole" {
        terminal "$MPSI" --store "$STORE" --as sara --lang es --secret master=file:secret --secret new-master=file:new \
                key ceremony --threshold 2 --custodians ana,cus,olga --sheets sheets
        one_turn 1 ana
        one_turn 2 cus
        await 'Custodio 3 de 3'
        # Others write meanwhile.
        expect 0 m sara person block oto --reason vacaciones
        pid=$(pgrep -P "$(tmux -S "$TERMINAL" display-message -p '#{pane_pid}')" | head -1)
        [ "$(readlink "/proc/$pid/exe")" = "$(readlink -f "$MPSI")" ]
        kill -9 "$pid"
        await '\[exit 137\]'
        terminal_end
        expect 0 m sara ledger verify
        [ "$(registry 'SELECT count(*) FROM key_ceremony')" -eq 0 ]
        expect 0 m sara key rotate
        m sara --json key status | jq -e '.master_version == 1'
        # What was handed out is of no key.
        share 1
        share 2
        shares_given share.1 share.2
        expect 4 m sara "${GIVEN[@]}" key recover --rehearse
}

@test "C5.1: who can't hold a ceremony, and of whom" {
        local base=("$MPSI" --store "$STORE" --secret master=file:secret --secret new-master=file:new)
        expect 3 "${base[@]}" --as ana key ceremony --threshold 2 --custodians ana,cus,olga
        expect 5 "${base[@]}" --as sara key ceremony --threshold 2 --custodians ana,cus
        [[ $output == *C5.1* ]]
        expect 5 "${base[@]}" --as sara key ceremony --threshold 1 --custodians ana,cus,olga
        expect 5 "${base[@]}" --as sara key ceremony --threshold 4 --custodians ana,cus,olga
        expect 5 "${base[@]}" --as sara key ceremony --threshold 2 --custodians ana,cus,ana
        expect 4 "${base[@]}" --as sara key ceremony --threshold 2 --custodians ana,cus,nadie
        mkdir -m 755 open
        expect 2 "${base[@]}" --as sara key ceremony --threshold 2 --custodians ana,cus,olga --sheets open
        [[ $output == *C10* ]]
        # Nobody at a terminal.
        expect 2 setsid -w "${base[@]}" --as sara key ceremony --threshold 2 --custodians ana,cus,olga
        expect 4 "${base[@]}" --as sara key recover --rehearse
        expect 2 "${base[@]}" --as sara key recover
        expect 2 "${base[@]}" --as sara key recover --rehearse --restore
}

@test "C4: one medium is recovered with the escrowed envelope, without a store, vault or HSM" {
        local medium other
        SECRETS+=(--secret recovery=file:secret)
        medium=$(register one) other=$(register two)
        expect 0 m olga encrypt run "$medium" one.img --confirm "$medium"
        expect 0 m olga encrypt run "$other" two.img --confirm "$other"
        expect 0 m sara key escrow "$medium" --out one.der
        cp "$STORE/recovery/recovery.key" "$STORE/recovery/recovery.crt" .
        sha256sum one.img >before
        local there=("$MPSI" --store "$PWD/nothing" --secret recovery=file:secret key recover --envelope one.der
                --recovery-key recovery.key --recovery-certificate recovery.crt)
        expect 0 "${there[@]}" --device one.img --out-key slot1.key
        [ "$(stat -c %a slot1.key)" = 600 ]
        [ "$(stat -c %s slot1.key)" = 64 ]
        [ ! -e nothing ]
        expect 0 cryptsetup open --test-passphrase --key-slot 1 --key-file slot1.key one.img
        sha256sum --check before
        # Another medium's header, what is there already, a wrong passphrase, a damaged envelope: no key comes out.
        expect 6 "${there[@]}" --device two.img --out-key no.key
        expect 7 "${there[@]}" --device one.img --out-key slot1.key
        expect 3 "$MPSI" --store "$PWD/nothing" --secret recovery=file:new "${there[@]:5}" --device one.img --out-key no.key
        printf x | dd of=one.der bs=1 seek=200 conv=notrunc status=none
        expect 6 "${there[@]}" --device one.img --out-key no.key
        [ ! -e no.key ]
}
