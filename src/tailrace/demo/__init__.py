"""A believable shop, to try Tailrace with: `Shop` makes its events, the command sends them.

Visitors come from campaigns, searches and links, browse, sign up, fill carts and sometimes order;
some return for weeks, wholesale buyers belong to companies, a part uses the mobile app. The same
seed gives the same shop.
"""

from tailrace.demo.catalogue import CAMPAIGNS, PRODUCTS
from tailrace.demo.shop import Shop, history, live

__all__ = ["CAMPAIGNS", "PRODUCTS", "Shop", "history", "live"]
