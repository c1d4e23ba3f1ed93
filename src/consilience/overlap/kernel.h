/* What the C files of the library have in common. */
#ifndef CONSILIENCE_KERNEL_H
#define CONSILIENCE_KERNEL_H

#include <stdint.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef int64_t i64;

#if defined(_WIN32)
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif

#endif
