// SPDX-License-Identifier: MIT
#include "kernel/dwarf_map.h"

#include <stdlib.h>
#include <string.h>

uint64_t dwarf_mix_text(uint64_t a, const char *text)
{
	size_t left = strlen(text);
	uint64_t word;

	for (; left >= sizeof(word); left -= sizeof(word), text += sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		a = dwarf_mix(a, word);
	}
	word = left;
	while (left--)
		word = word << 8 | (uint8_t)*text++;
	return dwarf_mix(a, word);
}

static struct dwarf_slot *slot_of(const struct dwarf_map *map, uint64_t key)
{
	size_t i = dwarf_mix(key, 0) & (map->room - 1);

	while (map->slots[i].key && map->slots[i].key != key)
		i = (i + 1) & (map->room - 1);
	return &map->slots[i];
}

static bool grow(struct dwarf_map *map)
{
	struct dwarf_map larger = { .room = map->room ? 2 * map->room : 1024 };

	larger.slots = calloc(larger.room, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < map->room; i++)
		if (map->slots[i].key)
			*slot_of(&larger, map->slots[i].key) = map->slots[i];
	larger.count = map->count;
	free(map->slots);
	*map = larger;
	return true;
}

uint64_t *dwarf_map_at(struct dwarf_map *map, uint64_t key)
{
	struct dwarf_slot *slot;

	if (4 * map->count >= 3 * map->room && !grow(map))
		return NULL;
	slot = slot_of(map, key);
	if (!slot->key) {
		slot->key = key;
		map->count++;
	}
	return &slot->value;
}

void dwarf_map_free(struct dwarf_map *map)
{
	free(map->slots);
	*map = (struct dwarf_map){ .slots = NULL };
}
