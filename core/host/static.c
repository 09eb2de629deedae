// SPDX-License-Identifier: MIT
/*
 * In a static binary glibc could still load libraries at run time, and with them a
 * second glibc, which works by chance or not at all. This one loads none: Lua's
 * loaders and the FFI are told so, and names are looked up in files and by DNS, which
 * glibc itself can do since 2.34, whatever /etc/nsswitch.conf lists besides.
 */
#include <dlfcn.h>
#include <nss.h>
#include <stddef.h>

static const char refusal[] =
	"this shark is linked statically: it loads no libraries and no C modules, and "
	"ffi.C has no functions; a build without STATIC=1 has them";

void *dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int dlclose(void *handle)
{
	(void)handle;
	return -1;
}

char *dlerror(void)
{
	return (char *)refusal;
}

__attribute__((constructor)) static void look_up_without_modules(void)
{
	static const char *const databases[] = { "passwd", "group", "services", "protocols" };

	for (size_t i = 0; i < sizeof(databases) / sizeof(*databases); i++)
		__nss_configure_lookup(databases[i], "files");
	__nss_configure_lookup("hosts", "files dns");
}
