/* SPDX-License-Identifier: Apache-2.0 */
/* The executable of the command line with stand-ins (stub_test.c), which cli_test.c runs. */
#include "main/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
