/* src/sys/creation.h: a call of NtCreateUserProcess in progress.
 *
 * creation.c captures what the caller says, create.c makes the process and answers. */
#ifndef NTMM_SYS_CREATION_H
#define NTMM_SYS_CREATION_H

#include "io/io.h"
#include "nt/image.h"
#include "sys/sys.h"

enum { PARAMETER_STRINGS = 8 };

/* PROCESS_CREATE_FLAGS_* that are known. */
#define SYS_PROCESS_FLAGS                                                                          \
    (PROCESS_CREATE_FLAGS_BREAKAWAY | PROCESS_CREATE_FLAGS_NO_DEBUG_INHERIT |                      \
     PROCESS_CREATE_FLAGS_INHERIT_HANDLES)

/* NtCreateUserProcess(*process, *thread, process access, thread access, process attributes, thread
 * attributes, process flags, thread flags, *parameters, *create info, *attributes) */
enum {
    ARG_PROCESS,
    ARG_THREAD,
    ARG_PROCESS_ACCESS,
    ARG_THREAD_ACCESS,
    ARG_PROCESS_ATTRIBUTES,
    ARG_THREAD_ATTRIBUTES,
    ARG_PROCESS_FLAGS,
    ARG_THREAD_FLAGS,
    ARG_PARAMETERS,
    ARG_CREATE_INFO,
    ARG_LIST,
};

/* A call in progress. */
struct creation {
    struct sys_call *call;
    PS_CREATE_INFO info;
    uint32_t process_attributes, thread_attributes; /* OBJ_* */

    /* What the attributes say; addresses are the caller's, 0: absent. */
    WCHAR *image_name; /* ends with 0 */
    size_t image_name_length;
    uint64_t client_id, teb_address, image_info;
    struct ps_process *parent; /* referenced */
    PS_STD_HANDLE_INFO standard;
    uint64_t *handles;
    size_t handle_count;
    uint8_t priority_class;
    uint32_t error_mode;
    bool set_error_mode;

    struct ps_process_parameters parameters;
    WCHAR *text[PARAMETER_STRINGS], *environment;

    FILE_OBJECT *file;
    SECTION_OBJECT *section;
    SECTION_IMAGE_INFORMATION about;
};
/* Fill `c` from the arguments of c->call. The rest of `c` is zero before. On failure, too, there
 * may be something to release. Statuses: those of reading user memory and of the parent's handle,
 * STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS sys_capture_creation(struct creation *c);
void sys_release_creation(struct creation *c);
/* Make the process's thread, tell the caller of both, and let it run. => what making it, giving
 * handles out and writing user memory say; then the process ends and nothing was given out */
NTSTATUS sys_start_creation(struct creation *c, struct ps_process *process,
                            const struct ps_thread_parameters *parameters);
/* A call without parameters: the child is a clone of the caller (clone.c). */
static inline bool sys_creation_is_clone(const struct creation *c)
{
    return c->call->arg[ARG_PARAMETERS] == 0;
}
NTSTATUS sys_clone_caller(struct creation *c);

#endif
