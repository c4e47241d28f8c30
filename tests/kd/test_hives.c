/* tests/kd/test_hives.c: !reg over a hive that this test puts into memory, whole and damaged.
 *
 *      \REGISTRY ── Alpha   values: number, text, blob (in segments)
 *                └─ Link    a symbolic link to \REGISTRY\Alpha
 *
 * It takes the place of what else the world keeps in these pages of pool.
 *
 * Indices in circles, counts beyond all cells, sizes that point outside: every command must end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kd/kd.h"
#include "kd/kdi.h"
#include "nt/cm.h"
#include "nt/layout.h"
#include "world.h"

#define POOL 0xFFFFFA8001000000ull
#define HIVE (POOL + 0xB010)
#define BASE (POOL + 0xC000)
#define TABLE (POOL + 0xD000) /* HMAP_TABLE and the table of control blocks: their beginnings */
#define BUCKETS (POOL + 0xD800)
#define KCB (POOL + 0xD900)
#define NAME_BLOCK (POOL + 0xDB00)
#define BIN (POOL + 0xE000)
#define BIN_SIZE 0x2000u
#define NT_PHYSICAL 0x800000ull
#define ROUNDS 2000
#define SEED 0x4E61u
#define NIL 0xFFFFFFFFu

struct fixture {
    struct world *world;
    struct kd *kd;
    char *text;
    size_t length;
    uint32_t next_cell;
};

static void collect(void *owner, const char *text, size_t length)
{
    struct fixture *f = owner;
    f->text = realloc(f->text, f->length + length + 1);
    assert_non_null(f->text);
    memcpy(f->text + f->length, text, length);
    f->length += length;
    f->text[f->length] = '\0';
}

static const char *run(struct fixture *f, const char *line)
{
    f->length = 0;
    collect(f, "", 0);
    kd_execute(f->kd, line);
    return f->text;
}

static void *at(struct fixture *f, uint64_t va)
{
    return world_physical(f->world, world_pool(va));
}

static void *cell(struct fixture *f, uint32_t index)
{
    return at(f, BIN + index + sizeof(int32_t));
}

/* ---- building ---- */

static uint32_t new_cell(struct fixture *f, const void *from, uint32_t size)
{
    uint32_t index = f->next_cell, whole = (size + 4 + 7) / 8 * 8;
    int32_t header = -(int32_t)whole;
    f->next_cell += whole;
    assert_true(f->next_cell < BIN_SIZE);
    memcpy(at(f, BIN + index), &header, sizeof header);
    memcpy(cell(f, index), from, size);
    return index;
}

static uint32_t new_key(struct fixture *f, const char *name, uint16_t flags, uint32_t subkeys,
                        uint32_t list, uint32_t values, uint32_t value_list)
{
    uint8_t bytes[sizeof(CM_KEY_NODE) + 32] = {0};
    CM_KEY_NODE node = {.Signature = 0x6B6E, .Flags = (uint16_t)(flags | 0x20)};
    node.SubKeyCounts[0] = subkeys;
    node.SubKeyLists[0] = list;
    node.SubKeyLists[1] = NIL;
    node.ValueList.Count = values;
    node.ValueList.List = value_list;
    node.Class = NIL;
    node.NameLength = (uint16_t)strlen(name);
    memcpy(bytes, &node, sizeof node);
    memcpy(bytes + offsetof(CM_KEY_NODE, Name), name, strlen(name));
    return new_cell(f, bytes, (uint32_t)(offsetof(CM_KEY_NODE, Name) + strlen(name)));
}

static uint32_t new_value(struct fixture *f, const char *name, uint32_t type, uint32_t length,
                          uint32_t data)
{
    uint8_t bytes[sizeof(CM_KEY_VALUE) + 32] = {0};
    CM_KEY_VALUE value = {.Signature = 0x6B76,
                          .NameLength = (uint16_t)strlen(name),
                          .DataLength = length,
                          .Data = data,
                          .Type = type,
                          .Flags = 1};
    memcpy(bytes, &value, sizeof value);
    memcpy(bytes + offsetof(CM_KEY_VALUE, Name), name, strlen(name));
    return new_cell(f, bytes, (uint32_t)(offsetof(CM_KEY_VALUE, Name) + strlen(name)));
}

static uint32_t build_keys(struct fixture *f)
{
    static const uint16_t text[] = u"some text", target[] = u"\\REGISTRY\\Alpha";
    static const uint8_t segment[64] = {1, 2, 3};
    const uint32_t segments[] = {new_cell(f, segment, sizeof segment), NIL};
    CM_BIG_DATA big = {0x6264, 2, new_cell(f, segments, sizeof segments)};
    const uint32_t values[] = {
        new_value(f, "number", 4, 0x80000004, 42),
        new_value(f, "text", 1, sizeof text, new_cell(f, text, sizeof text)),
        new_value(f, "blob", 3, 20000, new_cell(f, &big, sizeof big)),
    };
    const uint32_t links[] = {new_value(f, "SymbolicLinkValue", 6, sizeof target - 2,
                                        new_cell(f, target, sizeof target))};
    struct {
        uint16_t signature, count;
        uint32_t list[4];
    } leaf = {0x686C, 2, {0}}, root = {0x6972, 1, {0}};
    leaf.list[0] = new_key(f, "Alpha", 0, 0, NIL, 3, new_cell(f, values, sizeof values));
    leaf.list[2] = new_key(f, "Link", 0x10, 0, NIL, 1, new_cell(f, links, sizeof links));
    root.list[0] = new_cell(f, &leaf, sizeof leaf);
    return new_key(f, "REGISTRY", 0x0C, 2, new_cell(f, &root, sizeof root), 0, NIL);
}

static void set_global(struct fixture *f, const char *name, unsigned word, uint64_t value)
{
    uint64_t va = kd_nt_address(f->kd, name);
    assert_true(va != 0);
    world_put(f->world, NT_PHYSICAL + (va - MM_BOOT_IMAGE_START) + 8 * word, value, 8);
}

static void build_hive(struct fixture *f)
{
    CMHIVE *hive = at(f, HIVE);
    HBASE_BLOCK *base = at(f, BASE);
    HMAP_ENTRY *map = at(f, TABLE);
    CM_KEY_HASH_TABLE_ENTRY *buckets = at(f, BUCKETS);
    CM_KEY_CONTROL_BLOCK *kcb = at(f, KCB);
    CM_NAME_CONTROL_BLOCK *block = at(f, NAME_BLOCK);
    memset(at(f, POOL + 0xB000), 0, 0x5000);
    f->next_cell = sizeof(HBIN);
    uint32_t root = build_keys(f);
    memcpy(at(f, BIN), "hbin", 4);
    hive->Hive.Signature = 0xBEE0BEE0;
    hive->Hive.BaseBlock.va = BASE;
    hive->Hive.Storage[0].Length = BIN_SIZE;
    hive->Hive.Storage[0].SmallDir.va = TABLE;
    hive->Hive.Storage[0].Map.va = HIVE + offsetof(CMHIVE, Hive.Storage[0].SmallDir);
    for (unsigned i = 0; i < BIN_SIZE / 0x1000; i++) {
        map[i] = (HMAP_ENTRY){.BlockAddress = BIN + i * 0x1000, .BinAddress = BIN};
    }
    base->Signature = 0x66676572;
    base->RootCell = root;
    hive->KcbCacheTable.va = BUCKETS;
    hive->KcbCacheTableSize = 2;
    buckets[1].Entry.va = KCB + offsetof(CM_KEY_CONTROL_BLOCK, KeyHash);
    kcb->RefCount = 1;
    kcb->KeyHive.va = HIVE;
    kcb->KeyCell = root;
    kcb->NameBlock.va = NAME_BLOCK;
    block->Compressed = 1;
    block->NameLength = 8;
    memcpy((char *)block + offsetof(CM_NAME_CONTROL_BLOCK, Name), "REGISTRY", 8);
    uint64_t head = kd_nt_address(f->kd, "CmpHiveListHead");
    hive->HiveList.Flink.va = hive->HiveList.Blink.va = head;
    set_global(f, "CmpHiveListHead", 0, HIVE + offsetof(CMHIVE, HiveList));
    set_global(f, "CmpHiveListHead", 1, HIVE + offsetof(CMHIVE, HiveList));
    set_global(f, "CmpMasterHive", 0, HIVE);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->world = world_create(NTMM_GUEST);
    const struct kd_config config = {.target = &f->world->target, .output = collect, .owner = f};
    assert_int_equal(kd_create(&config, &f->kd), 0);
    run(f, "version");
    build_hive(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kd_destroy(f->kd);
    world_destroy(f->world);
    free(f->text);
    free(f);
    return 0;
}

/* ---- whole ---- */

static void test_whole(void **state)
{
    struct fixture *f = *state;
    assert_non_null(strstr(run(f, "!reg hivelist"), "fffffa800100b010"));
    const char *text = run(f, "!reg q \\registry");
    assert_non_null(strstr(text, "Found KCB = fffffa800100d900 :: \\REGISTRY"));
    assert_non_null(strstr(text, " Alpha\n"));
    assert_non_null(strstr(text, " Link\n"));
    text = run(f, "!reg q \\REGISTRY\\alpha");
    assert_non_null(strstr(text, "number                        0x2a\n"));
    assert_non_null(strstr(text, "text                          some text\n"));
    assert_non_null(strstr(text, "blob                          ????????"));
    assert_non_null(strstr(run(f, "!reg openkeys 0"), "0x1 keys found"));
    assert_int_equal(kd_failed(f->kd), 0);
}

/* ---- damaged ---- */

/* A root index that leads to itself. */
static void test_index_loop(void **state)
{
    struct fixture *f = *state;
    HBASE_BLOCK *base = at(f, BASE);
    const CM_KEY_NODE *root = cell(f, base->RootCell);
    CM_KEY_INDEX *index = cell(f, root->SubKeyLists[0]);
    index->List[0] = root->SubKeyLists[0];
    assert_non_null(strstr(run(f, "!reg q \\REGISTRY"), "damaged"));
    assert_non_null(strstr(run(f, "!reg q \\REGISTRY\\Alpha"), "There is no key"));
}

/* More subkeys than the key says it has, more values than the list holds. */
static void test_counts(void **state)
{
    struct fixture *f = *state;
    HBASE_BLOCK *base = at(f, BASE);
    CM_KEY_NODE *root = cell(f, base->RootCell);
    root->SubKeyCounts[0] = 1;
    assert_non_null(strstr(run(f, "!reg q \\REGISTRY"), "damaged"));
    root->SubKeyCounts[0] = 0x7FFFFFFF;
    assert_non_null(strstr(run(f, "!reg q \\REGISTRY"), "damaged"));
    root->SubKeyCounts[0] = 0;
    root->ValueList.Count = 60000;
    root->ValueList.List = base->RootCell;
    assert_non_null(strstr(run(f, "!reg q \\REGISTRY"), "damaged"));
}

/* A chain of control blocks, and one of their names, without an end. */
static void test_chains(void **state)
{
    struct fixture *f = *state;
    CM_KEY_CONTROL_BLOCK *kcb = at(f, KCB);
    kcb->ParentKcb.va = KCB;
    assert_non_null(strstr(run(f, "!reg kcb fffffa800100d900"), "\\REGISTRY\\REGISTRY\\REGISTRY"));
    kcb->ParentKcb.va = 0;
    kcb->NextHash.va = KCB + offsetof(CM_KEY_CONTROL_BLOCK, KeyHash);
    run(f, "!reg openkeys fffffa800100b010");
}

/* Any bytes anywhere in it. */
static void test_noise(void **state)
{
    static const char *const commands[] = {
        "!reg hivelist",
        "!reg q \\REGISTRY",
        "!reg q \\REGISTRY\\Link\\x",
        "!reg q \\REGISTRY\\Alpha",
        "!reg keyinfo fffffa800100b010 fffffa800100e024",
        "!reg kcb fffffa800100d900",
        "!reg knode fffffa800100e024",
        "!reg kbody fffffa800100d900",
        "!reg cellindex fffffa800100b010 20",
        "!reg baseblock fffffa800100b010",
        "!reg findkcb \\REGISTRY",
    };
    struct fixture *f = *state;
    print_message("seed %#x\n", SEED);
    srand(SEED);
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (round % 8 == 0) {
            build_hive(f);
        }
        uint64_t where = POOL + 0xB000 + (unsigned)rand() % 0x5000;
        uint8_t *byte = at(f, where);
        *byte = rand() % 2 ? (uint8_t)rand() : (uint8_t)(*byte ^ 1 << rand() % 8);
        run(f, commands[round % (sizeof commands / sizeof commands[0])]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_index_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
