# A store with its people, for tests that need one: STORE, and mpsi_as NAME ARGS… to act in it.
# shellcheck source=../../scripts/main-job.bash
MPSI_SOURCE=${MPSI_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
. "$MPSI_SOURCE/scripts/main-job.bash"

# Made once a file, and copied for each test: accounts and keys cost seconds.
store_make_once() {
        STORE=$BATS_FILE_TMPDIR/store SECRETS=$BATS_FILE_TMPDIR/secrets LANGUAGE=en
        make_secrets
        job_init && job_people && job_places
}

store_copy() {
        STORE=$BATS_TEST_TMPDIR/store SECRETS=$BATS_FILE_TMPDIR/secrets LANGUAGE=en
        make_secrets
        cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
}
