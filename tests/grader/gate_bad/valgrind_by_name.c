/* EXPECT: object 3 */
int module(int x);
int _vgr00000ZU_NONE_leave(int status);

int
_vgr00000ZU_NONE_leave(int status)
{
    return status;
}

int
module(int x)
{
    return x;
}
