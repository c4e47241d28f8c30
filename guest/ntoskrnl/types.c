/* guest/ntoskrnl/types.c: every type of include/nt, for the PDB.
 *
 * Guest modules are compiled with -fno-eliminate-unused-debug-types, so including a header puts all
 * its types into the object's debug information: `dt nt!_EPROCESS` reads them from there. */
#include "nt/clone.h"
#include "nt/cm.h"
#include "nt/ex.h"
#include "nt/globals.h"
#include "nt/io.h"
#include "nt/kdbg.h"
#include "nt/ke.h"
#include "nt/memory.h"
#include "nt/mm.h"
#include "nt/ob.h"
#include "nt/peb.h"
#include "nt/ps.h"
#include "nt/rtl.h"
#include "nt/se.h"
