/* Which disks the gate concerns, and what becomes of one while udev's rules run: C3, S6. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "device/scope.h"
#include "unit/test.h"

static struct scope_rules rules_of(const char *text) {
        static struct config *config; /* the rules borrow from it */
        struct scope_rules rules;
        struct error err = { 0 };

        config_free(config);
        config = NULL;
        assert_int_equal(config_parse(text, strlen(text), &config, &err), 0);
        (void) scope_rules_read(config, &rules, &err);
        return rules;
}

/* A stick that has just been plugged in. */
static struct scope_facts stick(void) {
        return (struct scope_facts){ .name = "sdb",
                                     .buses = BUS_USB,
                                     .serial = "AA0001",
                                     .place = "pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0",
                                     .diskseq = 7 };
}

static struct scope_facts drive(unsigned bus) {
        return (struct scope_facts){ .name = "sdc",
                                     .buses = bus,
                                     .serial = "S5GXNF0R123456",
                                     .wwid = "naa.5002538f42a1b2c3",
                                     .place = "pci-0000:00:17.0-ata-3",
                                     .diskseq = 9 };
}

static enum scope_answer answer(const char *text, const struct scope_facts *facts) {
        struct scope_rules rules = rules_of(text);
        struct scope_decision decision = scope_decide(&rules, facts);

        assert_true(decision.why.es[0] && decision.why.en[0]);
        return decision.answer;
}

static void reads_its_rules(void **state) {
        struct scope_rules rules = rules_of("");

        (void) state;
        assert_false(rules.audit);
        assert_int_equal(rules.buses, BUS_USB | BUS_MMC | BUS_THUNDERBOLT);
        assert_string_equal(rules.store, STATION_STORE);
        rules = rules_of(
                "[gate]\nmode = audit\nbuses = usb   nvme\tata\nnever = A B\n[station]\nstore = /srv/mpsi\n");
        assert_true(rules.audit);
        assert_int_equal(rules.buses, BUS_USB | BUS_NVME | BUS_ATA);
        assert_string_equal(rules.never, "A B");
        assert_string_equal(rules.store, "/srv/mpsi");
        assert_int_equal(scope_rules_read(NULL, &rules, NULL), 0); /* the configuration could not be read */
        assert_false(rules.audit);
        assert_int_equal(rules.buses, BUS_DEFAULT);
}

/* C3: closed, not open. */
static void what_it_does_not_understand_makes_it_strict(void **state) {
        static const char *const broken[] = {
                "[gate]\nmode = adit\nbuses = nvme\n",
                "[gate]\nmode = audit\nbuses = nvme us\n",
                "[gate]\nmode = audit\nbuses = nvme, ata\n",
                "[gate]\nmode = Audit\nbuses = nvme\n",
        };

        (void) state;
        for (size_t i = 0; i < COUNT(broken); i++) {
                _cleanup_config_ struct config *config = NULL;
                struct scope_rules rules;
                struct error err = { 0 };

                assert_int_equal(config_parse(broken[i], strlen(broken[i]), &config, &err), 0);
                assert_int_equal(scope_rules_read(config, &rules, &err), ERR_USAGE);
                assert_true(err.what[LANG_ES][0] && err.what[LANG_EN][0]);
                assert_false(rules.audit);
                assert_int_equal(rules.buses & BUS_DEFAULT, BUS_DEFAULT);
        }
}

static void closes_what_is_plugged_in(void **state) {
        struct scope_facts facts = stick();

        (void) state;
        assert_int_equal(answer("", &facts), SCOPE_CLOSE);
        assert_int_equal(answer("[gate]\nmode=audit\n", &facts), SCOPE_AUDIT);
        assert_int_equal(answer("[gate]\nbuses=nvme\n", &facts), SCOPE_OUT);
        facts.partition = true;
        assert_int_equal(answer("", &facts), SCOPE_OUT);
        facts = drive(BUS_NVME | BUS_THUNDERBOLT);
        assert_int_equal(answer("", &facts), SCOPE_CLOSE);
        facts.buses = BUS_NVME;
        assert_int_equal(answer("", &facts), SCOPE_OUT);
        assert_int_equal(answer("[gate]\nbuses=usb nvme\n", &facts), SCOPE_CLOSE);
}

static void keeps_what_was_decided_about_an_insertion(void **state) {
        struct scope_facts facts = stick();

        (void) state;
        facts.closed_diskseq = facts.diskseq;
        assert_int_equal(answer("", &facts), SCOPE_KEPT);
        facts.used = true; /* mounted since, by whom mpsid let */
        assert_int_equal(answer("", &facts), SCOPE_KEPT);
        facts.diskseq++; /* another card in the reader, the first still mounted */
        assert_int_equal(answer("", &facts), SCOPE_CLOSE);
        facts.diskseq = facts.closed_diskseq = 0; /* a kernel that doesn't count */
        facts.used = false;
        assert_int_equal(answer("", &facts), SCOPE_CLOSE);
}

/* S6. */
static void never_the_system_nor_what_is_in_use(void **state) {
        struct scope_facts facts = stick();

        (void) state;
        facts.system = true;
        facts.closed_diskseq = 3;
        assert_int_equal(answer("", &facts), SCOPE_OUT);
        facts = stick();
        facts.used = true;
        assert_int_equal(answer("", &facts), SCOPE_OUT);
        assert_int_equal(answer("[gate]\nmode=audit\n", &facts), SCOPE_OUT);
}

static void never_what_is_no_medium(void **state) {
        static const char *const names[] = { "dm-0", "md127", "zram0", "ram3", "nbd0", "sr0", "fd0" };
        struct scope_facts facts = stick();

        (void) state;
        for (size_t i = 0; i < COUNT(names); i++) {
                (void) snprintf(facts.name, sizeof facts.name, "%s", names[i]);
                assert_int_equal(answer("", &facts), SCOPE_OUT);
        }
        facts = (struct scope_facts){ .name = "loop0", .buses = BUS_LOOP, .diskseq = 4 };
        assert_int_equal(answer("[gate]\nbuses=usb mmc nvme scsi ata virtio\n", &facts), SCOPE_OUT);
        assert_int_equal(answer("[gate]\nbuses=loop\n", &facts), SCOPE_CLOSE);
}

/* A stick can say that it has any serial number, but not in which port it is. */
static void fixed_disks_by_serial_inside_and_by_place_everywhere(void **state) {
        static const char by_serial[] = "[gate]\nbuses=usb ata scsi\nnever= X1 S5GXNF0R123456 naa.1\n";
        static const char by_wwid[] = "[gate]\nbuses=usb ata scsi\nnever=naa.5002538f42a1b2c3\n";
        static const char by_place[] = "[gate]\nbuses=usb ata\nnever=pci-0000:00:17.0-ata-3\n";
        struct scope_facts facts = drive(BUS_ATA);

        (void) state;
        assert_int_equal(answer(by_serial, &facts), SCOPE_OUT);
        assert_int_equal(answer(by_wwid, &facts), SCOPE_OUT);
        assert_int_equal(answer(by_place, &facts), SCOPE_OUT);
        facts.serial[5] = '\0'; /* only whole words count */
        assert_int_equal(answer(by_serial, &facts), SCOPE_CLOSE);
        facts = drive(BUS_USB);
        assert_int_equal(answer(by_serial, &facts), SCOPE_CLOSE);
        assert_int_equal(answer(by_wwid, &facts), SCOPE_CLOSE);
        assert_int_equal(answer(by_place, &facts), SCOPE_OUT);
        facts = drive(BUS_ATA | BUS_THUNDERBOLT);
        assert_int_equal(answer(by_serial, &facts), SCOPE_CLOSE);
        facts = (struct scope_facts){ .name = "sdd", .buses = BUS_ATA, .diskseq = 2 }; /* it says nothing */
        assert_int_equal(answer("[gate]\nbuses=ata\nnever=\n", &facts), SCOPE_CLOSE);
}

/* --- a folder that looks like sysfs ----------------------------------------------------------------------------
 */

static char tree[] = "/tmp/mpsi-test-XXXXXX";

/* A folder below the tree, with the ones above it; `subsystem` NULL: it has none. */
static void folder(const char *path, const char *subsystem) {
        _cleanup_free_ char *full = str_format("%s/%s", tree, path);
        _cleanup_free_ char *link = str_format("%s/subsystem", full);
        _cleanup_free_ char *target = str_format("/nonexistent/bus/%s", subsystem ? subsystem : "");

        for (char *slash = full + strlen(tree) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                (void) mkdir(full, 0700);
                *slash = '/';
        }
        (void) mkdir(full, 0700);
        if (subsystem)
                assert_int_equal(symlink(target, link), 0);
}

static void attribute(const char *path, const void *data, size_t n) {
        _cleanup_free_ char *full = str_format("%s/%s", tree, path);

        assert_int_equal(file_write(full, data, n, 0600, NULL), 0);
}

/* A literal with its length, zeros included. */
#define BYTES(literal) literal, sizeof(literal) - 1

static struct scope_facts facts_of(const char *path) {
        _cleanup_free_ char *full = str_format("%s/%s", tree, path);
        struct scope_facts facts;

        scope_facts_of_folder(full, &facts);
        return facts;
}

static int make_tree(void **state) {
        (void) state;
        return mkdtemp(tree) ? 0 : -1;
}

static int remove_tree(void **state) {
        _cleanup_free_ char *command = str_format("rm -rf '%s'", tree);

        (void) state;
        return system(command); /* NOLINT: a folder of our own */
}

/* How the kernel's own devices stand in sysfs. */
static void tells_buses_by_a_disks_parents(void **state) {
        (void) state;
        folder("pci0/0:14.0", "pci");
        folder("pci0/0:14.0/usb2/2-1/2-1:1.0", "usb");
        folder("pci0/0:14.0/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0", "scsi");
        folder("pci0/0:14.0/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sdb", "block");
        assert_int_equal(facts_of("pci0/0:14.0/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sdb").buses,
                         BUS_USB);
        folder("pci0/0:17.0/ata3/host2/target2:0:0/2:0:0:0", "scsi");
        folder("pci0/0:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda", "block");
        assert_int_equal(facts_of("pci0/0:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda").buses, BUS_ATA);
        folder("pci0/0:3.0/virtio1", "virtio");
        folder("pci0/0:3.0/virtio1/host4/target4:0:0/4:0:0:0", "scsi");
        folder("pci0/0:3.0/virtio1/host4/target4:0:0/4:0:0:0/block/sdc", "block");
        assert_int_equal(facts_of("pci0/0:3.0/virtio1/host4/target4:0:0/4:0:0:0/block/sdc").buses, BUS_SCSI);
        folder("pci0/0:3.0/virtio1/block/vda", "block");
        assert_int_equal(facts_of("pci0/0:3.0/virtio1/block/vda").buses, BUS_VIRTIO);
        folder("pci0/0:1c.0/mmc_host/mmc0/mmc0:0001", "mmc");
        folder("pci0/0:1c.0/mmc_host/mmc0/mmc0:0001/block/mmcblk0", "block");
        assert_int_equal(facts_of("pci0/0:1c.0/mmc_host/mmc0/mmc0:0001/block/mmcblk0").buses, BUS_MMC);
        folder("virtual/nvme-subsystem/nvme-subsys0", "nvme-subsystem");
        folder("virtual/nvme-subsystem/nvme-subsys0/nvme1n1", "block");
        assert_int_equal(facts_of("virtual/nvme-subsystem/nvme-subsys0/nvme1n1").buses, BUS_NVME);
        folder("virtual/block/dm-0", "block");
        assert_int_equal(facts_of("virtual/block/dm-0").buses, 0);
}

/* A tunnelled PCI device has no thunderbolt parent: the kernel calls it removable. */
static void what_is_behind_an_external_port_is_thunderbolt(void **state) {
        static const char disk[] = "pci1/0:1d.0/nvme/nvme0/nvme0n1";

        (void) state;
        folder("pci1/0:1d.0", "pci");
        folder("pci1/0:1d.0/nvme/nvme0", "nvme");
        folder(disk, "block");
        attribute("pci1/0:1d.0/removable", BYTES("fixed\n"));
        assert_int_equal(facts_of(disk).buses, BUS_NVME);
        attribute("pci1/0:1d.0/removable", BYTES("removable\n"));
        assert_int_equal(facts_of(disk).buses, BUS_NVME | BUS_THUNDERBOLT);
}

static void reads_what_a_disk_says_of_itself(void **state) {
        char page[260] = { 0, (char) 0x80, 1, 0 };

        (void) state;
        folder("x/sdd/device", NULL);
        attribute("x/sdd/device/vpd_pg80", BYTES("\0\x80\0\x0a  S5GX\n42 AND MORE"));
        attribute("x/sdd/device/wwid", BYTES("naa.5002538f42a1b2c3\n"));
        assert_string_equal(facts_of("x/sdd").name, "sdd");
        assert_string_equal(facts_of("x/sdd").serial, "S5GX?42");
        assert_string_equal(facts_of("x/sdd").wwid, "naa.5002538f42a1b2c3");
        attribute("x/sdd/device/vpd_pg80", BYTES("\0\x80\xff\xff"
                                                 "A")); /* it says that it is longer than it is */
        assert_string_equal(facts_of("x/sdd").serial, "A");
        attribute("x/sdd/device/vpd_pg80", BYTES("\0\x80"));
        assert_string_equal(facts_of("x/sdd").serial, "");
        memset(page + 4, 'Z', 256);
        attribute("x/sdd/device/vpd_pg80", page, sizeof page);
        assert_int_equal(strlen(facts_of("x/sdd").serial), DEVICE_FIELD - 1);
        attribute("x/sdd/device/serial", BYTES("S5GXNF0R123456      \n"));
        assert_string_equal(facts_of("x/sdd").serial, "S5GXNF0R123456");
}

static void words_of_buses(void **state) {
        (void) state;
        assert_string_equal(scope_bus_word(BUS_USB), "usb");
        assert_string_equal(scope_bus_word(BUS_NVME | BUS_THUNDERBOLT), "thunderbolt");
        assert_string_equal(scope_bus_word(0), "-");
}

static void a_device_that_is_gone_is_not_found(void **state) {
        struct scope_rules rules = rules_of("");
        struct scope_facts facts;
        struct error err = { 0 };

        (void) state;
        assert_int_equal(scope_facts_read(0, &rules, &facts, &err), ERR_NOT_FOUND);
        assert_true(err.what[LANG_ES][0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_its_rules),
                cmocka_unit_test(what_it_does_not_understand_makes_it_strict),
                cmocka_unit_test(closes_what_is_plugged_in),
                cmocka_unit_test(keeps_what_was_decided_about_an_insertion),
                cmocka_unit_test(never_the_system_nor_what_is_in_use),
                cmocka_unit_test(never_what_is_no_medium),
                cmocka_unit_test(fixed_disks_by_serial_inside_and_by_place_everywhere),
                cmocka_unit_test(tells_buses_by_a_disks_parents),
                cmocka_unit_test(what_is_behind_an_external_port_is_thunderbolt),
                cmocka_unit_test(reads_what_a_disk_says_of_itself),
                cmocka_unit_test(words_of_buses),
                cmocka_unit_test(a_device_that_is_gone_is_not_found),
        };

        return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
