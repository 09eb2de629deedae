// SPDX-License-Identifier: MIT
/* Symbols from any bytes, by address and by name. */
#include "fuzz.h"
#include "kernel/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symbol_address wanted[] = { { .name = "_text" }, { .name = "vector_irq" } };
	struct symbols *symbols;
	struct symbol found;
	struct error err;
	char path[32];
	int fd = fuzz_file(data, size, path);

	symbols_scan_kallsyms(path, wanted, 2, &err);
	if (!symbols_read_kallsyms(path, &symbols, &err)) {
		symbols_find(symbols, 0, &found);
		symbols_find(symbols, 0xffffffff81000010, &found);
		symbols_find(symbols, ~0ULL, &found);
		symbols_addresses(symbols, wanted, 2);
		symbols_free(symbols);
	}
	close(fd);
	return 0;
}
