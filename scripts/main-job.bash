# The main job of mpsi: the whole life of two media, act by act. quickstart.sh narrates it; the tests kill it.
#
# Who sources this gives: MPSI (the program), STORE, OUT (folder for documents), SECRETS (folder of files), FIRST and
# SECOND (devices or image files), LANGUAGE (es or en), and may replace the two functions that show and run.

# step ES EN: what comes next, for a person.
step() { :; }

# act NAME ARGS…: one act by one person; the pin and the passphrases come from files, never from arguments.
act() {
        local who=$1
        shift
        "$MPSI" --store "$STORE" --as "$who" --lang "$LANGUAGE" "${SECRET_OPTIONS[@]}" "$@"
}

# Everybody's secrets, made once, readable by nobody else.
make_secrets() {
        local purpose
        mkdir -p -m 0700 "$SECRETS"
        SECRET_OPTIONS=()
        for purpose in organisation master recovery pin:elena pin:marta pin:carlos pin:ana pin:luis; do
                local file=$SECRETS/${purpose/:/-}
                [ -f "$file" ] || (umask 077 && head -c 18 /dev/urandom | base64 >"$file")
                SECRET_OPTIONS+=(--secret "$purpose=file:$file")
        done
}

# The ID in the newest answer of `media register`.
id_in() {
        grep -o 'HQ[0-9]\{8\}[0-9A-Z]' <<<"$1" | head -n 1
}

in_days() {
        date -u -d "+$1 days" +%Y-%m-%d
}

job_init() {
        step 'Se crea el almacén: organización, autoridad de certificación, clave maestra y primer administrador.' \
                'The store is made: organisation, certification authority, master key and first administrator.'
        "$MPSI" --store "$STORE" --lang "$LANGUAGE" "${SECRET_OPTIONS[@]}" init --organisation 'Hospital Universitario de Ejemplo' \
                --site HQ --category ALTA --station mostrador-1 --language "$LANGUAGE" --admin elena \
                --admin-name 'Elena Ruiz Vega' --admin-title 'Administradora de seguridad'
}

# person NAME FULL-NAME TITLE ROLES
person() {
        act elena person add "$1" --full-name "$2" --title "$3" --roles "$4"
        act elena person enrol "$1"
        act elena person train "$1" --course 'Protección de soportes (mp.si)' --until "$(in_days 360)" --hours 8
}

job_people() {
        step 'Las personas y sus roles; cada una recibe clave y certificado de firma.' \
                'The people and their roles; each gets a signing key and a certificate.'
        person marta 'Marta Gil Soler' 'Jefa de Diagnóstico por Imagen' owner
        person carlos 'Carlos Peña Ortiz' 'Custodio de soportes' custodian
        person ana 'Ana Muñoz Díaz' 'Técnica de sistemas' operator
        person luis 'Luis Ferrer Costa' 'Técnico de sistemas' operator
}

job_places() {
        step 'Los lugares de custodia, con su nivel y su sección (U1, U2).' \
                'The places of custody, with their level and section (U1, U2).'
        act carlos location add HQ-S03-A12-E04-P023 --kind fire-cabinet --level MEDIA --section CONFIDENCIAL --capacity 10
        act carlos location add HQ-S01-A01-E01-P001 --kind vault --level ALTA --section SECRETO --capacity 10
}

job_register() {
        local answer
        step 'Se registran dos soportes: uno MEDIA/CONFIDENCIAL con datos de salud y otro ALTA/SECRETO (L1, L4).' \
                'Two media are registered: one MEDIA/CONFIDENCIAL with health data and one ALTA/SECRETO (L1, L4).'
        answer=$(act carlos media register "$FIRST" --classification CONFIDENCIAL --category MEDIA --health --owner marta \
                --expires "$(in_days 1825)" --retention 1825 --note 'TAC 2021-2026')
        printf '%s\n' "$answer"
        FIRST_ID=$(id_in "$answer")
        answer=$(act carlos media register "$SECOND" --classification SECRETO --category ALTA --health --owner marta \
                --expires "$(in_days 1825)" --retention 3650 --epc 3074257BF7194E4000001A85 --tamper TI-000451 --note 'Genética')
        printf '%s\n' "$answer"
        SECOND_ID=$(id_in "$answer")
        act carlos media move "$FIRST_ID" --location HQ-S03-A12-E04-P023
        act carlos media move "$SECOND_ID" --location HQ-S01-A01-E01-P001
}
