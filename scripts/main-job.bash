# The main job of mpsi: the whole life of two media, act by act. quickstart.sh narrates it; the tests kill it.
#
# Who sources this gives: MPSI (the program), STORE, OUT (folder for documents), SECRETS (folder of files), FIRST and
# SECOND (devices or image files), LANGUAGE (es or en), and may have a function step of its own.

# step ES EN: what comes next, for a person.
declare -F step >/dev/null || step() { :; }

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

# A recognisable content, so that later a search for it in the raw bytes means something.
write_patient_data() {
        step 'Se escriben datos de pacientes (de mentira) en claro en los dos soportes, para buscarlos después.' \
                'Patient data (made up) are written in clear to both media, to be looked for later.'
        local target
        for target in "$FIRST" "$SECOND"; do
                head -c 1048576 < <(yes 'PACIENTE 0042 TAC CEREBRAL DICM') |
                        dd of="$target" bs=1M seek=8 conv=notrunc,fsync status=none iflag=fullblock
        done
}

job_encrypt() {
        step 'Se cifran con LUKS2: AES-128-XTS para MEDIA, AES-256-XTS para ALTA; clave propia, envuelta y en custodia (C1-C4).' \
                'They are encrypted with LUKS2: AES-128-XTS for MEDIA, AES-256-XTS for ALTA; own key, wrapped and in escrow (C1-C4).'
        act ana encrypt run "$FIRST_ID" "$FIRST" --confirm "$FIRST_ID"
        act elena encrypt run "$SECOND_ID" "$SECOND" --confirm "$SECOND_ID" --waiver 'Demostración sin HSM'
        act ana encrypt check "$FIRST" --medium "$FIRST_ID"
        act ana encrypt check "$SECOND" --medium "$SECOND_ID"
}

job_label() {
        step 'Se imprimen las etiquetas: SVG, ZPL, PNG y PDF, con QR firmado que se vuelve a leer (L2, L3, L5, L6).' \
                'The labels are printed: SVG, ZPL, PNG and PDF, with a signed QR that is read back (L2, L3, L5, L6).'
        local id number=1
        for id in "$FIRST_ID" "$SECOND_ID"; do
                act carlos label print "$id" --dpi 300 --out "$OUT/label-$number-300.png"
                # The newest print is the valid one; several files of one print are one revision.
                act carlos label print "$id" --dpi 203 --out "$OUT/label-$number.svg" --out "$OUT/label-$number.zpl" \
                        --out "$OUT/label-$number.pdf" --out "$OUT/label-$number-203.png"
                number=2
        done
}

job_loan() {
        step 'Préstamo: lo pide Ana, lo aprueba la propietaria, sale con precinto y vuelve con la integridad comprobada (U3).' \
                'A loan: Ana requests it, the owner approves, it leaves sealed and returns with its integrity checked (U3).'
        act ana loan request "$FIRST_ID" --to ana --reason 'Prueba de restauración' --due "$(in_days 7)" \
                --location 'CPD, bastidor 4'
        act marta loan approve "$FIRST_ID"
        act carlos loan out "$FIRST_ID" --seal S-0091 --device "$FIRST" --supervisor luis --receipt "$OUT/loan-receipt.pdf"
        act carlos loan in "$FIRST_ID" --seal S-0091 --condition 'sin daños' --device "$FIRST" \
                --receipt "$OUT/loan-return.pdf"
}

job_ship() {
        step 'Envío: cifrado comprobado en el propio soporte, seis niveles de embalaje, cinco puntos firmados (T1-T5).' \
                'A shipment: encryption checked on the medium itself, six packaging levels, five signed checkpoints (T1-T5).'
        local shipment answer
        act carlos route add a-42 --from 'HQ, Madrid' --to 'Centro de respaldo, Toledo' --usual 2 --limit 48
        answer=$(act carlos ship create --route a-42 --recipient luis --media "$FIRST_ID" --method certified-courier \
                --reason 'Copia fuera de sede')
        printf '%s\n' "$answer"
        shipment=$(grep -o '\bE[0-9]\{6\}\b' <<<"$answer" | head -n 1)
        act carlos ship pack "$shipment" --level encrypted-medium --level antistatic-bag --level foam --level rigid-container \
                --level security-seal --level outer-pack --seal S-0092 --label-checked --device "$FIRST_ID=$FIRST"
        act marta ship authorise "$shipment"
        act carlos ship dispatch "$shipment" --seal S-0092 --place 'Madrid'
        act carlos ship pickup "$shipment" --seal S-0092 --company 'Mensajería Certificada S.A.' --courier MC-7781 \
                --waybill ES-2026-55120 --shock ok --tilt ok --temperature ok
        act carlos ship track "$shipment" --event 'En ruta' --position '40.1,-3.9' --sign
        act luis ship deliver "$shipment" --seal S-0092 --shock ok --tilt ok --temperature ok --place 'Toledo'
        act luis ship confirm "$shipment" --media "$FIRST_ID" --device "$FIRST_ID=$FIRST" --location HQ-S03-A12-E04-P023
        act carlos ship reconcile
        act carlos report R-110-019 "$shipment" --pdf "$OUT/R-110-019.pdf" --csv "$OUT/R-110-019.csv"
}

job_wipe() {
        step 'Borrado: la matriz decide el método; todo se relee del dispositivo (S1-S6).' \
                'Wiping: the matrix decides the method; everything is read back from the device (S1-S6).'
        act ana wipe plan "$FIRST_ID" --device "$FIRST"
        act ana wipe run "$FIRST_ID" --device "$FIRST" --confirm "$FIRST_ID"
        act ana wipe plan "$SECOND_ID" --device "$SECOND"
}

# Stands in for what a laboratory hands in (S4).
take_report() {
        printf '%s\n' 'Doce fragmentos tomados al azar, examinados al microscopio: ninguno conserva información recuperable.' \
                'Twelve fragments taken at random, examined under the microscope: none keeps information that can be recovered.' \
                >"$OUT/forensic-report.txt"
}

# Stand-ins for a camera: the medium's label before, one grey pixel after.
take_photos() {
        cp "$OUT/label-2-203.png" "$OUT/photo-before.png"
        base64 -d >"$OUT/photo-after.png" \
                <<<'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=='
}

job_destroy() {
        step 'SECRETO exige destrucción física: solicitud, aprobación de la propietaria, ejecución ante supervisor con fotos (S8, S10).' \
                'SECRETO demands physical destruction: request, the owner'"'"'s approval, execution before a supervisor with photos (S8, S10).'
        take_photos
        take_report
        act ana destroy request "$SECOND_ID" --reason 'Fin de la conservación' --method disintegrate
        act marta destroy approve "$SECOND_ID" --out "$OUT/R-110-020.pdf"
        act ana destroy execute "$SECOND_ID" --supervisor elena --seen "$SECOND_ID" --before "$OUT/photo-before.png" \
                --after "$OUT/photo-after.png" --remains 0.4 --fragments 12 --report "$OUT/forensic-report.txt" --equipment 'Desintegradora D-500' --place 'Sala de destrucción' \
                --complete --confirm "$SECOND_ID"
}

job_certificate() {
        step 'Certificados R-110-021: firman quien ejecuta, quien supervisa y el sello de la organización (S9).' \
                'Certificates R-110-021: who executed, who supervised and the organisation'"'"'s seal sign (S9).'
        act ana certificate issue "$FIRST_ID" --supervisor elena --destination 'Reutilización interna'
        act ana certificate issue "$SECOND_ID"
        local id number=1
        for id in "$FIRST_ID" "$SECOND_ID"; do
                act ana certificate sign "$id" --role executor
                act elena certificate sign "$id" --role supervisor
                act elena certificate sign "$id" --role seal --out "$OUT/R-110-021-$number.pdf"
                number=2
        done
        act carlos certificate verify "$OUT/R-110-021-1.pdf"
        act carlos certificate verify "$OUT/R-110-021-2.pdf"
}

job_report() {
        step 'Inventario R-110-022, y el libro comprobado de principio a fin (X2).' \
                'Inventory R-110-022, and the ledger checked from end to end (X2).'
        act carlos report R-110-022 --all --pdf "$OUT/R-110-022.pdf" --csv "$OUT/R-110-022.csv"
        act carlos --json report R-110-022 --all >"$OUT/R-110-022.json"
        act elena ledger checkpoint --out "$OUT/checkpoint.txt"
        act elena ledger verify
        act elena ledger replay
}
