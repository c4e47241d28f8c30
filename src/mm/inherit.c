/* src/mm/inherit.c: views that a new process gets from the one that creates it.
 *
 * A view mapped with ViewShare is mapped in children too: the same part of the same section, at the
 * same address, with the protection that the view was made with. What it shares it goes on sharing;
 * a write-copy view begins anew from the section, without the parent's copies. Images are not
 * inherited, since a child's loader maps those it needs itself.
 *
 *      parent   |--A, ViewShare--|  |--B, ViewUnmap--|  |--C, ViewShare--|
 *      child    |--A-------------|                      |--C-------------|
 *
 * The parent runs on meanwhile. So each view is found by address, and its section kept by a
 * reference, under the parent's lock, and mapped without it: the two processes' locks are never
 * held together. Views that come or go meanwhile may or may not be inherited.
 *
 * Source: NtMapViewOfSection, documentation, parameter InheritDisposition.
 */
#include "mm/section.h"
#include "mm/vad.h"
#include "nt/info.h"

/* The first view at or above page *from that is to be inherited; *from moves behind it. Its
 * section is referenced. => false: there is none */
static bool next_inherited(struct mm_space *parent, uint64_t *from, struct mm_view *view)
{
    struct mm *mm = parent->mm;
    struct mi_control *control = NULL;

    mi_lock_address_space(parent);
    MMVAD_SHORT *vad = mi_vad_find_from(parent, *from);
    while (vad && !(mi_vad_is_view(vad) && vad->u.VadFlags.VadType != MI_VAD_IMAGE_MAP &&
                    ((const MMVAD *)vad)->u2.VadFlags2.Inherit))
        vad = mi_vad_next(parent, vad);
    if (vad) {
        *view = (struct mm_view){
            .base = MI_VA(vad->StartingVpn),
            .size = MI_VA(mi_vad_pages(vad)),
            .offset = MI_VA(mi_view_first_page(mm, vad)),
            .inherit = ViewShare,
            .protect = mi_view_protect(mm, vad),
        };
        control = mi_control_of_vad(mm, vad);
        mi_control_reference(control);
        view->segment = control->segment;
        *from = vad->EndingVpn + 1;
    }
    mi_unlock_address_space(parent);
    return control != NULL;
}

NTSTATUS mm_inherit_views(struct mm_space *parent, struct mm_space *child)
{
    NTSTATUS status = STATUS_SUCCESS;
    struct mm_view view;
    uint64_t from = 0;

    while (NT_SUCCESS(status) && next_inherited(parent, &from, &view)) {
        struct mi_control *control = mi_control_of(child->mm, view.segment);
        status = mm_map_view(child, &view);
        mi_control_dereference(control);
    }
    return status;
}
