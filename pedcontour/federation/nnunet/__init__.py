"""nnU-Net as the trainer of a federation: the only part of it that knows torch, nnU-Net and images."""

from pedcontour.federation.trainer import SitePost, Trainer


def trainer_for(post: SitePost) -> Trainer:
    """nnU-Net at a site. Raises ``RequestError`` for options or data that do not fit, ``FederationError``."""
    from pedcontour.federation.nnunet.options import read_options
    from pedcontour.federation.nnunet.site import NnunetSite

    return NnunetSite(post, read_options(post.options))
