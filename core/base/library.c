// SPDX-License-Identifier: MIT
#include "base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

static int refuse(const struct library *library, struct error *err)
{
	return error_set(err, -ELIBACC, "%s need the library %s (package %s): %s", library->purpose,
			 library->file, library->package, dlerror());
}

int library_load(struct library *library, const struct library_function *functions, size_t n,
		 struct error *err)
{
	void *handle = library->handle ? library->handle : dlopen(library->file, RTLD_NOW);

	if (!handle)
		return refuse(library, err);
	for (size_t i = 0; !library->handle && i < n; i++) {
		void *function = dlsym(handle, functions[i].name);

		if (!function) {
			refuse(library, err);
			dlclose(handle);
			return -ELIBACC;
		}
		memcpy(functions[i].at, &function, sizeof(function));
	}
	library->handle = handle;
	return 0;
}
