#include "everform/cli/verb.h"
