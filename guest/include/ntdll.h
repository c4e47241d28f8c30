/* guest/include/ntdll.h: everything that ntdll exports to other guest modules. */
#pragma once

#include "ntldr.h"
#include "ntrtl.h"
#include "ntservices.h"
