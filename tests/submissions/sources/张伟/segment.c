/* 张伟  操作系统  第一次作业 */
#include "segment/segment.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int seg_decode(uint64_t raw, struct seg_descriptor *desc)
{
    if (desc == NULL)
        return SEG_BAD_ARGUMENT;
    memset(desc, 0, sizeof(*desc));
    /* 段基址：三部分 */
    desc->base |= (raw >> 16) & 0xFFFF;
    desc->base |= ((raw >> 32) & 0xFF) << 16;
    desc->base |= ((raw >> 56) & 0xFF) << 24;
    /* 段界限：两部分 */
    desc->limit |= raw & 0xFFFF;
    desc->limit |= ((raw >> 48) & 0xF) << 16;
    /* 属性 */
    uint32_t attr = (raw >> 40) & 0xFF;
    uint32_t flag = (raw >> 52) & 0xF;
    desc->type = attr & 0xF;
    desc->s = (attr & 0x10) ? 1 : 0;
    desc->dpl = (attr & 0x60) >> 5;
    desc->present = (attr & 0x80) ? 1 : 0;
    desc->big = (flag & 4) ? 1 : 0;
    desc->granular = (flag & 8) ? 1 : 0;
    if (desc->granular)
        desc->limit = desc->limit * 4096 + 4095;
    return SEG_OK;
}

static uint32_t max(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* 检查能否装入，返回状态 */
static int check(struct seg_cpu *cpu, enum seg_reg reg, uint32_t rpl, struct seg_descriptor *d)
{
    int code = d->type >= 8;
    int conforming = d->type >= 12;
    int rw = d->type & 2;

    if (!d->s)
        return SEG_WRONG_TYPE;
    switch (reg) {
    case SEG_SS:
        if (code || !rw)
            return SEG_WRONG_TYPE;
        if (rpl != cpu->cpl || d->dpl != cpu->cpl)
            return SEG_PRIVILEGE;
        break;
    case SEG_CS:
        if (!code)
            return SEG_WRONG_TYPE;
        if (conforming) {
            if (d->dpl > cpu->cpl)
                return SEG_PRIVILEGE;
        } else {
            if (rpl > cpu->cpl || d->dpl != cpu->cpl)
                return SEG_PRIVILEGE;
        }
        break;
    default:
        if (code && !rw)
            return SEG_WRONG_TYPE;
        if (!conforming && max(cpu->cpl, rpl) > d->dpl)
            return SEG_PRIVILEGE;
    }
    if (!d->present)
        return SEG_NOT_PRESENT;
    return SEG_OK;
}

int seg_load(struct seg_cpu *cpu, enum seg_reg reg, uint16_t selector, struct mach_fault *fault)
{
    struct seg_descriptor d = {0};
    struct seg_table *table;
    uint64_t pa;
    int st;

    if (cpu == NULL || fault == NULL || reg > SEG_GS)
        return SEG_BAD_ARGUMENT;

    if (selector < 4) { /* 空选择子 */
        if (reg == SEG_CS || reg == SEG_SS) {
            st = SEG_NULL;
            goto err;
        }
        cpu->reg[reg].selector = selector;
        cpu->reg[reg].usable = 0;
        return SEG_OK;
    }

    table = (selector & 4) ? &cpu->ldt : &cpu->gdt;
    if ((uint32_t)(selector / 8 * 8 + 7) > table->limit) {
        st = SEG_TABLE_LIMIT;
        goto err;
    }
    pa = (uint64_t)table->base + selector / 8 * 8;
    uint64_t raw = phys_read64(cpu->mach, pa);
    seg_decode(raw, &d);
    st = check(cpu, reg, selector & 3, &d);
    if (st != SEG_OK)
        goto err;

    phys_write8(cpu->mach, pa + 5, (uint8_t)((raw >> 40) | 1));
    d.type |= 1;
    cpu->reg[reg].selector = selector;
    if (reg == SEG_CS)
        cpu->reg[reg].selector = (uint32_t)(selector / 4 * 4) | cpu->cpl;
    cpu->reg[reg].usable = 1;
    cpu->reg[reg].copy = d;
    return SEG_OK;

err:
    fault->vector = FAULT_GP;
    if (st == SEG_NOT_PRESENT)
        fault->vector = (reg == SEG_SS) ? FAULT_SS : FAULT_NP;
    fault->error_code = selector / 4 * 4;
    fault->address = 0;
    return st;
}

int seg_translate(struct seg_cpu *cpu, enum seg_reg reg, uint32_t offset, uint32_t size,
                  enum seg_access access, struct seg_result *result)
{
    int st = SEG_OK;

    if (cpu == NULL || result == NULL || reg > SEG_GS || size == 0 || access > SEG_EXECUTE)
        return SEG_BAD_ARGUMENT;

    struct seg_register *sr = &cpu->reg[reg];
    int code = sr->copy.type >= 8, down = !code && sr->copy.type >= 4, rw = sr->copy.type & 2;
    int64_t first = offset, last = first + size - 1;

    if (!sr->usable)
        st = SEG_NULL;
    else if (access == SEG_READ && code && !rw)
        st = SEG_RIGHTS;
    else if (access == SEG_WRITE && (code || !rw))
        st = SEG_RIGHTS;
    else if (access == SEG_EXECUTE && !code)
        st = SEG_RIGHTS;
    else if (!down && last > (int64_t)sr->copy.limit)
        st = SEG_LIMIT;
    else if (down && (first <= (int64_t)sr->copy.limit || last > (sr->copy.big ? 0xFFFFFFFFLL : 0xFFFFLL)))
        st = SEG_LIMIT;

    if (st == SEG_OK) {
        result->linear = sr->copy.base + offset;
    } else {
        result->fault.vector = (reg == SEG_SS) ? FAULT_SS : FAULT_GP;
        result->fault.error_code = 0;
        result->fault.address = 0;
    }
    return st;
}

/* 分区表：按地址排序的数组 */
struct part {
    uint64_t addr, size;
    int busy;
};

struct place {
    struct part *tab;
    int n, max;
};

struct place *place_create(uint64_t bytes)
{
    if (bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    struct place *p = malloc(sizeof(struct place));
    if (p == NULL)
        return NULL;
    p->max = 16;
    p->n = 1;
    p->tab = malloc(sizeof(struct part) * 16);
    if (p->tab == NULL) {
        free(p);
        errno = ENOMEM;
        return NULL;
    }
    p->tab[0].addr = 0;
    p->tab[0].size = bytes;
    p->tab[0].busy = 0;
    return p;
}

int place_destroy(struct place *p)
{
    if (p == NULL)
        return PLACE_BAD_ARGUMENT;
    free(p->tab);
    free(p);
    return PLACE_OK;
}

int place_alloc(struct place *p, enum place_fit fit, uint64_t bytes, uint64_t *base)
{
    int i, k = -1;

    if (p == NULL || base == NULL || bytes == 0 || fit > PLACE_WORST_FIT)
        return PLACE_BAD_ARGUMENT;
    for (i = 0; i < p->n; i++) {
        if (p->tab[i].busy || p->tab[i].size < bytes)
            continue;
        if (k == -1)
            k = i;
        else if (fit == PLACE_BEST_FIT && p->tab[i].size < p->tab[k].size)
            k = i;
        else if (fit == PLACE_WORST_FIT && p->tab[i].size > p->tab[k].size)
            k = i;
    }
    if (k == -1)
        return PLACE_NO_SPACE;
    if (p->tab[k].size > bytes) {
        if (p->n == p->max) {
            struct part *t = realloc(p->tab, sizeof(struct part) * (size_t)p->max * 2);
            if (t == NULL)
                return PLACE_NO_MEMORY;
            p->tab = t;
            p->max *= 2;
        }
        for (i = p->n; i > k + 1; i--)
            p->tab[i] = p->tab[i - 1];
        p->n++;
        p->tab[k + 1].addr = p->tab[k].addr + bytes;
        p->tab[k + 1].size = p->tab[k].size - bytes;
        p->tab[k + 1].busy = 0;
        p->tab[k].size = bytes;
    }
    p->tab[k].busy = 1;
    *base = p->tab[k].addr;
    return PLACE_OK;
}

int place_free(struct place *p, uint64_t base)
{
    int i, j;

    if (p == NULL)
        return PLACE_BAD_ARGUMENT;
    for (i = 0; i < p->n; i++)
        if (p->tab[i].addr == base && p->tab[i].busy)
            break;
    if (i == p->n)
        return PLACE_NO_SEGMENT;
    p->tab[i].busy = 0;
    /* 与后面的空闲区合并 */
    if (i + 1 < p->n && !p->tab[i + 1].busy) {
        p->tab[i].size += p->tab[i + 1].size;
        for (j = i + 1; j < p->n - 1; j++)
            p->tab[j] = p->tab[j + 1];
        p->n--;
    }
    return PLACE_OK;
}

int place_stat(struct place *p, struct place_stat *stat)
{
    int i;

    if (p == NULL || stat == NULL)
        return PLACE_BAD_ARGUMENT;
    memset(stat, 0, sizeof(*stat));
    for (i = 0; i < p->n; i++) {
        if (p->tab[i].busy) {
            stat->segment_count++;
        } else {
            stat->hole_count++;
            stat->free_bytes += p->tab[i].size;
            if (p->tab[i].size > stat->largest_hole_bytes)
                stat->largest_hole_bytes = p->tab[i].size;
        }
    }
    return PLACE_OK;
}

int place_compact(struct place *p, struct mach *mach, uint64_t *moved)
{
    (void)p;
    (void)mach;
    (void)moved;
    return PLACE_NOT_IMPLEMENTED;
}
