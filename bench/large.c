/* bench/large.c: 10,000 structures and functions, for a PDB of the size of a real kernel's.
 *
 * Built by clang and lld-link as the guest's modules are; never run. */
struct link {
    struct link *next, *previous;
};

#define ONE(n)                                                                                     \
    struct record_##n {                                                                            \
        struct link entry_of_record_##n;                                                           \
        unsigned long long identifier_of_record_##n;                                               \
        struct record_##n *parent_of_record_##n;                                                   \
        unsigned flags_of_record_##n : 5, state_of_record_##n : 3;                                 \
        unsigned short table_of_record_##n[16];                                                    \
        union {                                                                                    \
            void *pointer_of_record_##n;                                                           \
            long long value_of_record_##n;                                                         \
        } u;                                                                                       \
    };                                                                                             \
    struct record_##n global_record_##n;                                                           \
    unsigned long long function_of_record_##n(struct record_##n *record, unsigned index);          \
    unsigned long long function_of_record_##n(struct record_##n *record, unsigned index)           \
    {                                                                                              \
        struct record_##n *parent = record->parent_of_record_##n;                                  \
        unsigned long long sum = record->identifier_of_record_##n;                                 \
        if (parent) {                                                                              \
            sum += parent->table_of_record_##n[index % 16] + record->flags_of_record_##n;          \
        }                                                                                          \
        return sum;                                                                                \
    }

#define FIVE(M, a, b, c, d, e) M(a) M(b) M(c) M(d) M(e)
#define TEN(n) FIVE(ONE, n##0, n##1, n##2, n##3, n##4) FIVE(ONE, n##5, n##6, n##7, n##8, n##9)

#define FIVE_TENS(a, b, c, d, e) TEN(a) TEN(b) TEN(c) TEN(d) TEN(e)
#define HUNDRED(n) FIVE_TENS(n##0, n##1, n##2, n##3, n##4) FIVE_TENS(n##5, n##6, n##7, n##8, n##9)

#define FIVE_HUNDREDS(a, b, c, d, e) HUNDRED(a) HUNDRED(b) HUNDRED(c) HUNDRED(d) HUNDRED(e)
#define THOUSAND(n)                                                                                \
    FIVE_HUNDREDS(n##0, n##1, n##2, n##3, n##4) FIVE_HUNDREDS(n##5, n##6, n##7, n##8, n##9)

THOUSAND(0)
THOUSAND(1)
THOUSAND(2)
THOUSAND(3)
THOUSAND(4)
THOUSAND(5)
THOUSAND(6)
THOUSAND(7)
THOUSAND(8)
THOUSAND(9)
