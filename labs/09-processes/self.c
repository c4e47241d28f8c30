/* self.c: a program that reads its own process environment block: no function of Windows is asked,
 * only memory read. See README.md.
 *
 *      self.exe [WORDS]         say what the PEB says
 *      self.exe stop [WORDS]    the same, then break into the debugger
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

/* Of the structures, the parts that are used here; the debugger's `dt` shows all of them. */
struct list {
    struct list *next, *previous;
};

struct text {
    uint16_t size, room; /* bytes */
    wchar_t *buffer;
};

struct module { /* LDR_DATA_TABLE_ENTRY */
    struct list load_order, memory_order, initialization_order;
    void *base, *entry;
    uint64_t size;
    struct text path, name;
};

struct loader_data { /* PEB_LDR_DATA */
    uint32_t length, initialized;
    void *reserved;
    struct list load_order;
};

struct parameters { /* RTL_USER_PROCESS_PARAMETERS */
    char reserved[0x60];
    struct text image, command_line;
};

struct peb {
    uint8_t inherited, read_options, being_debugged, flags;
    void *mutant, *image_base;
    struct loader_data *loader;
    struct parameters *parameters;
};

/* In a 64-bit program gs leads to the TEB, and the pointer at offset 60 in it to the PEB. */
static struct peb *find_peb(void)
{
    struct peb *peb;
    __asm__("movq %%gs:0x60, %0" : "=r"(peb));
    return peb;
}

static void print(const char *what, const struct text *text)
{
    printf("%s %.*ls\n", what, (int)(text->size / sizeof(wchar_t)), text->buffer);
}

int main(int argc, char **argv)
{
    const struct peb *peb = find_peb();
    const struct list *head = &peb->loader->load_order;
    printf("peb %p\nbeing debugged %u\nimage base %p\n", (void *)peb, peb->being_debugged,
           peb->image_base);
    print("command line", &peb->parameters->command_line);
    for (const struct list *at = head->next; at != head; at = at->next) {
        const struct module *module = (const struct module *)at;
        printf("module %p ", module->base);
        print("", &module->name);
    }
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "stop") == 0) {
        __debugbreak();
    }
    return 0;
}
