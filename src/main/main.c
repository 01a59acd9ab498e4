/* SPDX-License-Identifier: Apache-2.0 */
/* The executable `outwork`: the command line, the parent, and (executed again by the parent) the
 * api role. */
#include "main/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
