package manifest

// golden is manifest 7 with an empty snapshot and history's first edit, and the
// CURRENT that names it.
const golden = `
00000000  0a 8f 67 65 59 1c 9c ee  6c 73 6d 6c 61 62 4d 46  |..geY...lsmlabMF|
00000010  03 00 00 00 00 00 00 00  07 00 00 00 00 00 00 00  |................|
00000020  07 0d 67 bb 4c 1f 63 82  00 00 00 00 44 7f c4 ae  |..g.L.c.....D...|
00000030  07 c2 46 a9 11 00 00 00  01 1d 02 03 04 00 02 d0  |..F.............|
00000040  0f 01 61 01 6d 14 1d 0e  02                       |..a.m....|
00000000  4d 41 4e 49 46 45 53 54  2d 30 30 30 30 30 37 20  |MANIFEST-000007 |
00000010  66 62 35 34 37 61 63 32  32 35 61 63 38 30 34 33  |fb547ac225ac8043|
00000020  0a                                                |.|
`
