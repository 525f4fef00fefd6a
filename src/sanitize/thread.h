/* A helper thread of the engine's: a small stack, and the signals stay with the thread that started it. */
#pragma once

#include <pthread.h>

#include "base/error.h"

int thread_start(pthread_t *ret, void *(*run)(void *), void *context, struct error *err);
