/* pdb_types.h: type records, for the two files that decode them. */
#pragma once

#include "kd/pdb_int.h"

enum {
    LF_MODIFIER = 0x1001,
    LF_POINTER = 0x1002,
    LF_PROCEDURE = 0x1008,
    LF_MFUNCTION = 0x1009,
    LF_FIELDLIST = 0x1203,
    LF_BITFIELD = 0x1205,
    LF_BCLASS = 0x1400,
    LF_VBCLASS = 0x1401,
    LF_IVBCLASS = 0x1402,
    LF_INDEX = 0x1404,
    LF_VFUNCTAB = 0x1409,
    LF_ENUMERATE = 0x1502,
    LF_ARRAY = 0x1503,
    LF_CLASS = 0x1504,
    LF_STRUCTURE = 0x1505,
    LF_UNION = 0x1506,
    LF_ENUM = 0x1507,
    LF_MEMBER = 0x150d,
    LF_STMEMBER = 0x150e,
    LF_METHOD = 0x150f,
    LF_NESTTYPE = 0x1510,
    LF_ONEMETHOD = 0x1511,
    LF_PAD0 = 0xf0,

    LF_NUMERIC = 0x8000, /* below: the number itself */
    LF_CHAR = 0x8000,
    LF_SHORT = 0x8001,
    LF_USHORT = 0x8002,
    LF_LONG = 0x8003,
    LF_ULONG = 0x8004,
    LF_QUADWORD = 0x8009,
    LF_UQUADWORD = 0x800a,
};

#define PROPERTY_FORWARD 0x80u
#define PROPERTY_UNIQUE_NAME 0x200u

/* Named definitions begin the same way; this is what they have in common. */
struct pdb_definition {
    uint16_t leaf;
    uint16_t count;
    uint16_t property;
    uint32_t underlying; /* enumeration */
    uint32_t field_list;
    uint64_t size;
    const char *name;
    const char *unique_name; /* "" when there is none */
};

/* A number that is written as short as it fits. */
int64_t pdb_number(struct pdb_cursor *c);

/* A cursor over record `index`, after its leaf; false when there is no such record. */
bool pdb_type_record(const struct pdb_type_table *t, uint32_t index, uint16_t *leaf,
                     struct pdb_cursor *c);

/* Decode record `index` when it is a structure, union or enumeration. */
bool pdb_type_definition(const struct pdb_type_table *t, uint32_t index, struct pdb_definition *d);
