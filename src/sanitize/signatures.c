#include "sanitize/signatures.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

enum { SECTOR = 512 };

/* Long enough that random bytes hold one in thirty thousand wipes: those of four bytes are few. */
static const struct signature {
        const char *what;
        size_t offset; /* in a sector */
        size_t length;
        const char *bytes;
} signatures[] = {
        { "LUKS", 0, 6, "LUKS\xba\xbe" },
        { "LUKS2 (2)", 0, 6, "SKUL\xba\xbe" },
        { "DICOM", 128, 4, "DICM" },
        { "PDF", 0, 5, "%PDF-" },
        { "ZIP/OOXML", 0, 4, "PK\x03\x04" },
        { "OLE/DOC", 0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" },
        { "PNG", 0, 8, "\x89PNG\r\n\x1a\n" },
        { "JPEG", 0, 4, "\xff\xd8\xff\xe0" },
        { "JPEG/Exif", 0, 4, "\xff\xd8\xff\xe1" },
        { "SQLite", 0, 15, "SQLite format 3" },
        { "GPT", 0, 8, "EFI PART" },
        { "NTFS", 3, 8, "NTFS    " },
        { "exFAT", 3, 8, "EXFAT   " },
        { "FAT32", 82, 5, "FAT32" },
        { "XFS", 0, 4, "XFSB" },
        { "GZIP", 0, 4, "\x1f\x8b\x08\x00" },
        { "7z", 0, 6, "7z\xbc\xaf\x27\x1c" },
        { "ELF", 0, 4,
          "\x7f"
          "ELF" },
        { "HL7", 0, 8, "MSH|^~\\&" },
        { "XML", 0, 5, "<?xml" },
        { "HL7 FHIR", 0, 16, "{\"resourceType\":" },
        { "ISO 9660", 1, 5, "CD001" },
        { "LVM2", 0, 8, "LABELONE" },
        { "swap", 502, 10, "SWAPSPACE2" }, /* the last sector of a page of 4096 */
        { "Btrfs", 64, 8, "_BHRfS_M" },
        { "APFS", 32, 8, "NXSB\x00\x10\x00\x00" },
        { "NTFS (MFT)", 0, 8, "FILE0\x00\x03\x00" },
        { "RAR", 0, 6, "Rar!\x1a\x07" },
        { "TIFF (II)", 0, 8, "II*\x00\x08\x00\x00\x00" },
        { "TIFF (MM)", 0, 8, "MM\x00*\x00\x00\x00\x08" },
        { "GIF", 0, 5, "GIF89" },
        { "RTF", 0, 5, "{\\rtf" },
        { "PostScript", 0, 10, "%!PS-Adobe" },
};

/* An ext2/3/4 superblock has two bytes of magic, too few alone: state, error behaviour, block size and revision
 * must be such as it has them. Copies of it stand all over a file system. */
static bool is_ext(const uint8_t *sector) {
        static const uint8_t magic[2] = { 0x53, 0xef };

        return memcmp(sector + 56, magic, 2) == 0 && sector[58] <= 7 && sector[59] == 0 && sector[60] >= 1 &&
               sector[60] <= 3 && sector[61] == 0 && sector[24] <= 6 && sector[25] == 0 && sector[76] <= 1 &&
               sector[77] == 0;
}

void signatures_find(const uint8_t *block, size_t n, void (*found)(void *context, size_t at, const char *what),
                     void *context) {
        for (size_t sector = 0; sector + SECTOR <= n; sector += SECTOR) {
                for (size_t i = 0; i < COUNT(signatures); i++)
                        if (memcmp(block + sector + signatures[i].offset, signatures[i].bytes,
                                   signatures[i].length) == 0)
                                found(context, sector, signatures[i].what);
                if (is_ext(block + sector))
                        found(context, sector, "ext2/3/4");
        }
}
