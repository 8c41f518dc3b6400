/*
 * Mapped files that somebody else made smaller, or whose disk is broken or full: to touch such a
 * page is SIGBUS.  Here it becomes one line on stderr that names the file, and exit status 1, so
 * that whoever started the program starts it again; a ring of the wrong size is then made anew.
 *
 * Other faults end the program as they always do, with a core where the system keeps one.
 *
 * Threads: any; map_fault_catch() before any is started.
 */
#ifndef COMMON_MAP_FAULT_H
#define COMMON_MAP_FAULT_H

#include <stddef.h>

/* From now on.  Once in a program, after log_open(). */
void map_fault_catch(void);

/* A mapping whose faults are `path`'s; beyond MAP_FAULT_FILES of them a fault goes without its
 * file's name. */
enum { MAP_FAULT_FILES = 256 };
void map_fault_add(const void *begin, size_t octets, const char *path);
void
map_fault_remove(const void *begin); /* before it is unmapped; NULL and unknown ones are allowed */

#endif
