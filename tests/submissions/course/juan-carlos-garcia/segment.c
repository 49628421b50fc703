#include "segment/segment.h"
#include <stdlib.h>
#include <errno.h>

int seg_decode(uint64_t raw, struct seg_descriptor *d)
{
	uint8_t b[8];
	int i;

	if (d == NULL)
		return SEG_BAD_ARGUMENT;
	for (i = 0; i < 8; i++)
		b[i] = (uint8_t)(raw >> (8 * i));

	d->base = (uint32_t)b[2] | (uint32_t)b[3] << 8 | (uint32_t)b[4] << 16 | (uint32_t)b[7] << 24;
	d->limit = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)(b[6] & 0x0f) << 16;
	d->type = b[5] & 0x0f;
	d->s = (b[5] >> 4) & 1;
	d->dpl = (b[5] >> 5) & 3;
	d->present = b[5] >> 7;
	d->big = (b[6] >> 6) & 1;
	d->granular = b[6] >> 7;
	if (d->granular == 1)
		d->limit = (d->limit << 12) + 0xfff;
	return SEG_OK;
}

int seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector, struct mach_fault *fault)
{
	struct seg_descriptor d;
	uint64_t address;
	uint32_t rpl, index, table_limit, vector = FAULT_GP;
	int status = SEG_OK;
	int is_code, is_conforming, bit1;

	if (cpu == NULL || fault == NULL)
		return SEG_BAD_ARGUMENT;
	if ((int)reg < 0 || reg >= SEG_REG_COUNT)
		return SEG_BAD_ARGUMENT;

	rpl = selector & 3;
	index = selector >> 3;

	/* null selector */
	if (index == 0 && (selector & 4) == 0) {
		if (reg == SEG_CS || reg == SEG_SS) {
			status = SEG_NULL;
			goto fault;
		}
		cpu->reg[reg].selector = selector;
		cpu->reg[reg].usable = 0;
		return SEG_OK;
	}

	if (selector & 4) {
		address = cpu->ldt.base;
		table_limit = cpu->ldt.limit;
	} else {
		address = cpu->gdt.base;
		table_limit = cpu->gdt.limit;
	}
	if (index * 8 + 7 > table_limit) {
		status = SEG_TABLE_LIMIT;
		goto fault;
	}
	address += index * 8;
	seg_decode(phys_read64(cpu->mach, address), &d);

	is_code = (d.type & 8) != 0;
	is_conforming = is_code && (d.type & 4) != 0;
	bit1 = (d.type & 2) != 0;

	/* 1. type */
	if (d.s == 0)
		status = SEG_WRONG_TYPE;
	else if (reg == SEG_SS && (is_code || !bit1))
		status = SEG_WRONG_TYPE;
	else if (reg == SEG_CS && !is_code)
		status = SEG_WRONG_TYPE;
	else if (reg != SEG_SS && reg != SEG_CS && is_code && !bit1)
		status = SEG_WRONG_TYPE;
	/* 2. privilege */
	else if (reg == SEG_SS && (rpl != cpu->cpl || d.dpl != cpu->cpl))
		status = SEG_PRIVILEGE;
	else if (reg == SEG_CS && is_conforming && d.dpl > cpu->cpl)
		status = SEG_PRIVILEGE;
	else if (reg == SEG_CS && !is_conforming && (rpl > cpu->cpl || d.dpl != cpu->cpl))
		status = SEG_PRIVILEGE;
	else if (reg != SEG_SS && reg != SEG_CS && !is_conforming && (cpu->cpl > d.dpl || rpl > d.dpl))
		status = SEG_PRIVILEGE;
	/* 3. present */
	else if (d.present == 0) {
		status = SEG_NOT_PRESENT;
		vector = reg == SEG_SS ? FAULT_SS : FAULT_NP;
	}
	if (status != SEG_OK)
		goto fault;

	/* ok */
	phys_write8(cpu->mach, address + 5, phys_read8(cpu->mach, address + 5) | 1);
	d.type |= 1;
	cpu->reg[reg].copy = d;
	cpu->reg[reg].usable = 1;
	cpu->reg[reg].selector = selector;
	if (reg == SEG_CS)
		cpu->reg[reg].selector = (uint32_t)(selector & ~3) | cpu->cpl;
	return SEG_OK;

fault:
	fault->vector = vector;
	fault->error_code = selector & 0xfffc;
	fault->address = 0;
	return status;
}

int seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset,
		  uint32_t size, enum seg_access access, struct seg_result *result)
{
	struct seg_descriptor *d;
	int ok, status;

	if (cpu == NULL || result == NULL || size == 0)
		return SEG_BAD_ARGUMENT;
	if ((int)reg < 0 || reg >= SEG_REG_COUNT || (int)access < 0 || access > SEG_EXECUTE)
		return SEG_BAD_ARGUMENT;

	d = &cpu->reg[reg].copy;
	if (!cpu->reg[reg].usable) {
		status = SEG_NULL;
		goto fault;
	}

	if (access == SEG_EXECUTE)
		ok = (d->type & 8) != 0;
	else if (access == SEG_WRITE)
		ok = (d->type & 8) == 0 && (d->type & 2) != 0;
	else
		ok = (d->type & 8) == 0 || (d->type & 2) != 0;
	if (!ok) {
		status = SEG_RIGHTS;
		goto fault;
	}

	status = SEG_LIMIT;
	if (size - 1 > 0xffffffff - offset)	/* wraps */
		goto fault;
	if ((d->type & 8) == 0 && (d->type & 4) != 0) {
		uint32_t end = d->big ? 0xffffffff : 0xffff;
		if (offset <= d->limit || offset + (size - 1) > end)
			goto fault;
	} else if (offset + (size - 1) > d->limit) {
		goto fault;
	}

	result->linear = d->base + offset;
	return SEG_OK;

fault:
	result->fault.vector = reg == SEG_SS ? FAULT_SS : FAULT_GP;
	result->fault.error_code = 0;
	result->fault.address = 0;
	return status;
}

/* Two lists, both sorted by address: free and used. */
struct node {
	struct node *next;
	uint64_t base;
	uint64_t size;
};

struct place {
	struct node *free_list;
	struct node *used_list;
};

static struct node *new_node(uint64_t base, uint64_t size)
{
	struct node *n = malloc(sizeof(struct node));
	if (n != NULL) {
		n->next = NULL;
		n->base = base;
		n->size = size;
	}
	return n;
}

static void insert_sorted(struct node **list, struct node *n)
{
	while (*list != NULL && (*list)->base < n->base)
		list = &(*list)->next;
	n->next = *list;
	*list = n;
}

struct place *place_create(uint64_t bytes)
{
	struct place *p;

	if (bytes == 0) {
		errno = EINVAL;
		return NULL;
	}
	p = malloc(sizeof(struct place));
	if (p == NULL)
		return NULL;
	p->used_list = NULL;
	p->free_list = new_node(0, bytes);
	if (p->free_list == NULL) {
		free(p);
		errno = ENOMEM;
		return NULL;
	}
	return p;
}

static void free_nodes(struct node *n)
{
	while (n != NULL) {
		struct node *next = n->next;
		free(n);
		n = next;
	}
}

int place_destroy(struct place *place)
{
	if (place == NULL)
		return PLACE_BAD_ARGUMENT;
	free_nodes(place->free_list);
	free_nodes(place->used_list);
	free(place);
	return PLACE_OK;
}

int place_alloc(struct place *place, enum place_fit fit, uint64_t bytes, uint64_t *base)
{
	struct node **link, **best = NULL, *hole, *used;

	if (place == NULL || base == NULL || bytes == 0)
		return PLACE_BAD_ARGUMENT;
	if (fit != PLACE_FIRST_FIT && fit != PLACE_BEST_FIT && fit != PLACE_WORST_FIT)
		return PLACE_BAD_ARGUMENT;
	if (fit == PLACE_WORST_FIT)
		return PLACE_NOT_IMPLEMENTED;	/* bonus, not done */

	for (link = &place->free_list; *link != NULL; link = &(*link)->next) {
		if ((*link)->size < bytes)
			continue;
		if (best == NULL || (fit == PLACE_BEST_FIT && (*link)->size < (*best)->size))
			best = link;
	}
	if (best == NULL)
		return PLACE_NO_SPACE;

	hole = *best;
	used = new_node(hole->base, bytes);
	if (used == NULL)
		return PLACE_NO_MEMORY;
	insert_sorted(&place->used_list, used);
	*base = used->base;
	hole->base += bytes;
	hole->size -= bytes;
	if (hole->size == 0) {
		*best = hole->next;
		free(hole);
	}
	return PLACE_OK;
}

int place_free(struct place *place, uint64_t base)
{
	struct node **link, *n, *f;

	if (place == NULL)
		return PLACE_BAD_ARGUMENT;
	for (link = &place->used_list; *link != NULL; link = &(*link)->next)
		if ((*link)->base == base)
			break;
	if (*link == NULL)
		return PLACE_NO_SEGMENT;
	n = *link;
	*link = n->next;
	insert_sorted(&place->free_list, n);

	/* join neighbours, the whole list, simple is best */
	for (f = place->free_list; f != NULL && f->next != NULL;) {
		if (f->base + f->size == f->next->base) {
			struct node *gone = f->next;
			f->size += gone->size;
			f->next = gone->next;
			free(gone);
		} else {
			f = f->next;
		}
	}
	return PLACE_OK;
}

int place_stat(struct place *place, struct place_stat *stat)
{
	struct node *n;

	if (place == NULL || stat == NULL)
		return PLACE_BAD_ARGUMENT;
	stat->free_bytes = stat->largest_hole_bytes = 0;
	stat->hole_count = stat->segment_count = 0;
	for (n = place->free_list; n != NULL; n = n->next) {
		stat->hole_count++;
		stat->free_bytes += n->size;
		if (n->size > stat->largest_hole_bytes)
			stat->largest_hole_bytes = n->size;
	}
	for (n = place->used_list; n != NULL; n = n->next)
		stat->segment_count++;
	return PLACE_OK;
}

int place_compact(struct place *place, struct mach *mach, uint64_t *moved)
{
	(void)place;
	(void)mach;
	(void)moved;
	return PLACE_NOT_IMPLEMENTED;	/* bonus, not done */
}
