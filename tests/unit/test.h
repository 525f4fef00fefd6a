/* cmocka, with what it needs before it; its macro fail() gives way to the project's function. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail
/* cmocka's own goes through its fail(). */
#undef fail_msg
#define fail_msg(...)                                                                                              \
        do {                                                                                                       \
                print_error("ERROR: " __VA_ARGS__);                                                                \
                print_error("\n");                                                                                 \
                _fail(__FILE__, __LINE__);                                                                         \
        } while (0)
