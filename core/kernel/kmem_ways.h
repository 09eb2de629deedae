/* SPDX-License-Identifier: MIT */
/* The ways of reading kernel memory; only kmem.c and tests use them directly. */
#ifndef SHARK_KMEM_WAYS_H
#define SHARK_KMEM_WAYS_H

#include "kernel/kmem.h"

/* kmem_bpf.c. open: 0 or a negative errno with its reason. */
int kmem_bpf_open(struct error *err);
/* 0 when the requests were carried out. */
int kmem_bpf_read(struct kmem_request *requests, size_t n, struct error *err);
uint64_t kmem_bpf_task(void);
void kmem_bpf_close(void);

/*
 * knames.c: what the kernel itself says of names; as kmem_symbol() and
 * kmem_lists(), with -EOPNOTSUPP where the kernel cannot be asked.
 */
int kmem_bpf_symbol(uint64_t address, struct kmem_symbol *symbol);
int kmem_bpf_lists(const char *name);
void kmem_bpf_names_close(void);

/* kcore.c: an ELF core file of the running kernel; path is /proc/kcore but for tests. */
int kcore_open(const char *path, struct error *err);
int kcore_read(struct kmem_request *requests, size_t n, struct error *err);
void kcore_close(void);

#endif
